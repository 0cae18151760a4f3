#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// What the configuration of another proxy says, as a flat list of options, whatever file it stood in. Pure.
namespace lp {

struct SourceOption {
  std::string name;                 // canonical: cookie_domains, rule.1.action
  std::string shown;                // as the user wrote it
  std::vector<std::string> values;  // several only where it is a list in the source
  bool is_array = false;            // else commas may stand between several
  bool is_variable = false;         // from the environment, where a program leaves alone what it does not know
};

class SourceOptions {
 public:
  // Replaces what was set under that name before: the sources are read from the weakest to the strongest.
  void set(SourceOption option);
  // Adds to it, for formats in which a repeated key makes a list.
  void append(SourceOption option);
  [[nodiscard]] const SourceOption* find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  // "" where it is not set.
  [[nodiscard]] std::string text(std::string_view name) const;
  // Also one text with commas between, as environment variables have them. Blanks stay, which neither proxy takes off:
  // " example.com" is nobody's domain.
  [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
  // The same without blanks around, for lists that people write so.
  [[nodiscard]] std::vector<std::string> words(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name, bool otherwise) const;
  [[nodiscard]] const std::vector<SourceOption>& all() const { return options_; }

 private:
  std::vector<SourceOption> options_;
};

struct Assignment {
  std::string name;
  std::string value;
};

// NAME=VALUE lines as docker and systemd read them: # comments, `export`, one pair of quotes around the value. A name
// has no blanks in it, as "- NAME" of a compose file has. The Error names the line.
[[nodiscard]] Result<std::vector<Assignment>> parse_env_file(std::string_view text);
// `key = value` with # and ; comments, [sections] (whose name goes before the key) and double quotes with \" and \\;
// also the older `key value`.
[[nodiscard]] Result<std::vector<Assignment>> parse_ini(std::string_view text);

// The variables OAUTH2_PROXY_* among these, as oauth2-proxy reads them: an empty one is none, what it does not know is
// kept under its own name and does nothing there. Others, and those of Kubernetes, are left alone.
void read_oauth2_proxy_environment(const std::vector<Assignment>& variables, SourceOptions& options);

// Options of traefik-forward-auth, by its ini file or by variables (PROVIDERS_OIDC_ISSUER_URL).
[[nodiscard]] Result<void> read_traefik_forward_auth_ini(std::string_view text, SourceOptions& options);
// Whether it has an option of this name, rule.NAME.PARAMETER included.
[[nodiscard]] bool is_traefik_option(std::string_view name);
void read_traefik_forward_auth_environment(const std::vector<Assignment>& variables, SourceOptions& options);

// Reads a file that the configuration names, relative to the configuration.
using FileReader = std::function<Result<std::string>(const std::string& path)>;

}  // namespace lp
