#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cli/import/oauth2_proxy.h"
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
  if (good_toml) check(lp::import_oauth2_proxy(toml, nullptr, files));
  const auto alpha = lp::read_oauth2_proxy_alpha(all.substr(std::min(second + 1, size)), "alpha.yaml", toml);
  if (alpha) check(lp::import_oauth2_proxy(toml, &*alpha, files));
  return 0;
}
