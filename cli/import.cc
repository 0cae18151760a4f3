#include "cli/import.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <system_error>

#include "base/encoding.h"
#include "cli/exit_status.h"
#include "cli/import/oauth2_proxy.h"
#include "cli/import/toml.h"
#include "cli/import/traefik.h"

extern char** environ;

namespace lp {
namespace {

constexpr std::size_t kMostBytes = 1024 * 1024;

// Also of what is no plain file, as the pipe of a shell's <(...).
Result<std::string> read_text(const std::string& path) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) return fail(path + ": is a directory, expected a file");
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(path + ": cannot be read: " + std::strerror(errno));
  std::string text(kMostBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return fail(path + ": cannot be read: " + std::strerror(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMostBytes) return fail(path + ": larger than 1 MiB");
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return fail(path + ": is empty");
  return text;
}

Result<void> at(const std::string& path, const Result<void>& read) {
  if (!read) return fail(path + ": " + read.error().message);
  return {};
}

std::vector<Assignment> own_environment() {
  std::vector<Assignment> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string::npos && is_valid_utf8(text))
      all.push_back({text.substr(0, equals), without_variable_marks(text.substr(equals + 1))});
  }
  return all;
}

bool is_yaml(const std::string& path) {
  const auto extension = std::filesystem::path(path).extension();
  return extension == ".yaml" || extension == ".yml";
}

// The sources of one call, weakest first.
class Sources {
 public:
  explicit Sources(const ImportArguments& arguments) : arguments_(arguments) {}

  Result<Imported> import() {
    const bool has_source = !arguments_.file.empty() || !arguments_.alpha_file.empty() ||
                            !arguments_.env_file.empty() || arguments_.environment;
    if (!has_source) return fail("import: name a configuration file, --env-file or --env");
    return arguments_.from == "oauth2-proxy" ? oauth2_proxy() : traefik();
  }

 private:
  Result<Imported> oauth2_proxy() {
    const bool file_is_alpha = arguments_.alpha_file.empty() && is_yaml(arguments_.file);
    const std::string alpha_file = file_is_alpha ? arguments_.file : arguments_.alpha_file;
    if (!arguments_.file.empty() && !file_is_alpha) {
      if (auto read = file(arguments_.file, read_oauth2_proxy_toml); !read) return read.error();
    }
    if (auto read = environment(read_oauth2_proxy_environment); !read) return read.error();
    std::optional<OAuth2ProxyAlpha> alpha;
    if (!alpha_file.empty()) {
      const auto text = read_text(alpha_file);
      if (!text) return text.error();
      auto read = read_oauth2_proxy_alpha(*text, alpha_file, options_);
      if (!read) return read.error();
      alpha = std::move(*read);
    }
    if (!alpha && options_.all().empty()) return fail("import: no option of oauth2-proxy in what was named");
    const auto folder = std::filesystem::path(arguments_.file.empty() ? alpha_file : arguments_.file).parent_path();
    return import_oauth2_proxy(options_, alpha ? &*alpha : nullptr,
                               [&](const std::string& path) { return read_text((folder / path).string()); });
  }

  Result<Imported> traefik() {
    if (!arguments_.file.empty()) {
      if (auto read = file(arguments_.file, read_traefik_forward_auth_ini); !read) return read.error();
    }
    if (auto read = environment(read_traefik_forward_auth_environment); !read) return read.error();
    return import_traefik_forward_auth(options_);
  }

  Result<void> file(const std::string& path, Result<void> (*read)(std::string_view, SourceOptions&)) {
    const auto text = read_text(path);
    if (!text) return text.error();
    return at(path, read(*text, options_));
  }

  Result<void> environment(void (*read)(const std::vector<Assignment>&, SourceOptions&)) {
    if (!arguments_.env_file.empty()) {
      const auto text = read_text(arguments_.env_file);
      if (!text) return text.error();
      const auto variables = parse_env_file(*text);
      if (!variables) return fail(arguments_.env_file + ": " + variables.error().message);
      read(*variables, options_);
    }
    if (arguments_.environment) read(own_environment(), options_);
    return {};
  }

  const ImportArguments& arguments_;
  SourceOptions options_;
};

bool write_text(const std::string& path, const std::string& text, std::ostream& otherwise) {
  if (path.empty()) return (otherwise << text).flush().good();
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  return (file << text).flush().good();
}

}  // namespace

int run_import(const ImportArguments& arguments) {
  const auto imported = Sources(arguments).import();
  if (!imported) {
    std::cerr << "logto-proxy: " << imported.error().message << "\n";
    return kExitConfig;
  }
  const std::string config = write_imported(imported->config);
  const std::string head =
      "# Imported from " + arguments.from + ": read the report, then `logto-proxy check --config FILE`.\n";
  const std::string report = import_report(imported->findings, arguments.from) + variables_report(config);
  const bool written =
      write_text(arguments.output, head + config, std::cout) && write_text(arguments.report, report, std::cerr);
  if (!written) std::cerr << "logto-proxy: import: could not write everything\n";
  return written ? kExitOk : kExitFailed;
}

}  // namespace lp
