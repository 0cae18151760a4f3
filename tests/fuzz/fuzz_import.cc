#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cli/import/oauth2_proxy.h"
#include "cli/import/oauth2_proxy_options.h"
#include "cli/import/toml.h"
#include "cli/import/traefik.h"
#include "config/yaml/document.h"

namespace {

// Whatever an import writes is YAML that is read back as the same tree, with nothing of the source as a variable.
void check(const lp::Imported& imported) {
  constexpr std::size_t kSurelyReadable = 64 * 1024;  // beyond it the limits of the reader begin
  const std::string text = lp::write_imported(imported.config);
  if (text.size() > kSurelyReadable) return;
  std::vector<lp::ConfigProblem> problems;
  const auto root = lp::parse_document(text, "imported.yaml", problems);
  if (!root || !problems.empty()) std::abort();
  if (lp::import_report(imported.findings, "another").empty()) std::abort();
}

}  // namespace

// Nobody gets in whom a rule of the source could keep out: every route asks for something, and where oauth2-proxy would
// not know one of the options, for a role that nobody has yet. Routes that are open by an option of the source aside.
void check_closed(const lp::Imported& imported, const lp::SourceOptions& options) {
  const bool has_unknown = std::any_of(options.all().begin(), options.all().end(), [](const lp::SourceOption& one) {
    const bool is_ignored = one.is_variable && lp::find_oauth2_proxy_flag(one.name) != nullptr;
    return lp::find_oauth2_proxy_option(one.name) == nullptr && !is_ignored;
  });
  for (const lp::Node& route : imported.config.find("routes")->items) {
    const lp::Node* require = route.find("require");
    if (route.find("access") != nullptr) continue;
    if (require == nullptr || require->entries.empty()) std::abort();
    lp::Node root = lp::yaml_map();
    lp::put(root, "require", *require);
    if (has_unknown && lp::write_imported(root).find("${ALLOWED_ROLE}") == std::string::npos) std::abort();
  }
}

// A configuration of another proxy, in any of its formats, never crashes an import. Three texts, NUL between:
// variables, a file, alpha configuration.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string all(reinterpret_cast<const char*>(data), size);
  const auto first = std::min(all.find('\0'), size), second = std::min(all.find('\0', first + 1), size);
  const std::string file = all.substr(std::min(first + 1, size), second - std::min(first + 1, second));
  const auto variables = lp::parse_env_file(all.substr(0, first));
  const lp::FileReader files = [&](const std::string&) -> lp::Result<std::string> { return file; };

  lp::SourceOptions ini;
  const bool good_ini = lp::read_traefik_forward_auth_ini(file, ini).ok();
  if (variables) lp::read_traefik_forward_auth_environment(*variables, ini);
  if (good_ini) check(lp::import_traefik_forward_auth(ini));

  lp::SourceOptions toml;
  const bool good_toml = lp::read_oauth2_proxy_toml(file, toml).ok();
  if (variables) lp::read_oauth2_proxy_environment(*variables, toml);
  if (good_toml) {
    const auto imported = lp::import_oauth2_proxy(toml, nullptr, files);
    check(imported);
    check_closed(imported, toml);
  }
  const auto alpha = lp::read_oauth2_proxy_alpha(all.substr(std::min(second + 1, size)), "alpha.yaml", toml);
  if (alpha) {
    const auto imported = lp::import_oauth2_proxy(toml, &*alpha, files);
    check(imported);
    check_closed(imported, toml);
  }
  return 0;
}
