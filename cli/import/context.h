#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/import/findings.h"
#include "cli/import/source.h"
#include "cli/import/yaml.h"

namespace lp {

// What an import writes: our configuration, and what became of each option of the source.
struct Imported {
  Node config = yaml_map();
  std::vector<Finding> findings;
};

// One import at work: the options that it reads and what it has found out so far. `options` outlives it.
class ImportContext {
 public:
  explicit ImportContext(const SourceOptions& given) : options(given) {}

  // Each says what became of the option; nothing happens where the source does not have it, and the first word stands.
  void taken(std::string_view name, std::string text);
  void differs(std::string_view name, std::string text);
  void unsupported(std::string_view name, std::string text);
  void unknown(std::string_view name, std::string text);
  // Of something that is not an option by itself, like one header among several.
  void note(Outcome outcome, std::string what, std::string text);
  // Options that nobody has said anything about are listed as unknown.
  [[nodiscard]] Imported finish();

  const SourceOptions& options;
  Node root = yaml_map();

 private:
  void add(Outcome outcome, std::string_view name, std::string text);
  std::vector<Finding> findings_;
  std::set<std::string, std::less<>> told_;
};

// Who may sign in there, which every route here requires.
struct People {
  std::vector<std::string> emails;
  std::vector<std::string> domains;  // ".example.com" and "*.example.com": those below it only
  std::vector<std::string> roles;
  bool either = true;  // an e-mail or a domain is enough
  [[nodiscard]] bool by_email() const { return !emails.empty() || !domains.empty(); }
};
// The map under `require:`; null where everybody may.
[[nodiscard]] Node requirement_of(const People& people);

// "host:port" or ":port" as an address to listen at; "" for what is none (fd:3).
[[nodiscard]] std::string listen_address(std::string_view written);
// Go's durations (168h, 1h30m, 90s, 1.5h) in our words, which know one number and one unit; "" for what is none.
[[nodiscard]] std::string duration_of(std::string_view go_duration);
[[nodiscard]] std::string duration_of_seconds(std::string_view seconds);

}  // namespace lp
