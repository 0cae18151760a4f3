#include "tests/support/config.h"

#include <optional>
#include <utility>
#include <vector>

namespace lp::test {

Environment environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

Environment usual_environment() {
  return environment({{"LOGTO_APP_ID", "app"},
                      {"LOGTO_APP_SECRET", "s3cret"},
                      {"SESSION_SECRET", kSecretA},
                      {"SECOND_SECRET", kSecretB},
                      {"EMPTY", ""}});
}

std::string good_config(std::map<std::string, std::string> replace) {
  const std::vector<std::pair<std::string, std::string>> sections{
      {"external_urls", "external_urls: [https://app.example.com]\n"},
      {"logto", "logto: { endpoint: https://t.logto.app, app_id: app, app_secret: s3cret }\n"},
      {"session", "session: { secret: " + kSecretA + " }\n"},
      {"upstreams", "upstreams: { wiki: http://wiki:8080 }\n"},
      {"routes", "routes: [{ path: /*, upstream: wiki }]\n"},
  };
  std::string out;
  for (const auto& [name, text] : sections) {
    const auto found = replace.find(name);
    out += found == replace.end() ? text : found->second;
    replace.erase(name);
  }
  for (const auto& [name, text] : replace) out += text;
  return out;
}

std::string problems_of(const std::string& text, const Environment& env) {
  const auto loaded = parse_config(text, "f", env);
  std::string out;
  if (loaded) return out;
  for (const auto& problem : loaded.error()) out += problem.text() + "\n";
  return out;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace lp::test
