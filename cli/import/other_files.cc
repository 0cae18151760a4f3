#include "cli/import/other_files.h"

#include <algorithm>
#include <vector>

#include "base/one_of.h"

namespace lp {
namespace {

bool is_key(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string_view without_quotes(std::string_view text) {
  const bool is_quoted =
      text.size() > 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}

// The names before a `mark` with which a line begins: at its very beginning, or in JSON, whose indentation says
// nothing, anywhere. No parser: half of these files are templates, or several documents in one.
std::vector<std::string_view> names_in(std::string_view text, char mark) {
  const bool is_json = without_blanks(text.substr(0, text.find('\n'))).substr(0, 1) == "{";
  std::vector<std::string_view> names;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    auto line = text.substr(at, end - at);
    at = end + 1;
    if (is_json)
      line = without_blanks(
          line.substr(line.find_first_not_of("{ \t") == line.npos ? line.size() : line.find_first_not_of("{ \t")));
    const auto name = without_quotes(without_blanks(line.substr(0, line.find(mark))));
    const bool starts_line = !line.empty() && line.front() != ' ' && line.front() != '\t';
    if (starts_line && line.find(mark) != std::string_view::npos && is_key(name)) names.push_back(name);
  }
  return names;
}

}  // namespace

std::optional<std::string> what_else_it_is(std::string_view text) {
  const auto keys = names_in(text, ':');
  const auto has = [&](std::string_view key) { return is_one_of(key, keys); };
  const auto has_any = [&](std::initializer_list<std::string_view> all) {
    return std::any_of(all.begin(), all.end(), has);
  };
  if (has("apiVersion") && has("kind")) {
    return "a Kubernetes manifest, not the configuration itself. Write what its ConfigMap holds under data: into a "
           "file "
           "(kubectl get configmap NAME -o jsonpath='{.data.oauth2_proxy\\.cfg}'), the env: of its container as "
           "OAUTH2_PROXY_...=VALUE lines into another (--env-file), and each of its args: there too "
           "(--email-domain=x is OAUTH2_PROXY_EMAIL_DOMAINS=x)";
  }
  if (has("services")) {
    return "a compose file, not the configuration itself. Write the service's environment: as OAUTH2_PROXY_...=VALUE "
           "lines into a file (--env-file), each flag of its command: there too (--email-domain=x is "
           "OAUTH2_PROXY_EMAIL_DOMAINS=x), and give the file that it mounts for --config as FILE";
  }
  if (!has_any({"server", "metricsServer", "providers", "upstreamConfig", "injectRequestHeaders",
                "injectResponseHeaders"}) &&
      has_any({"config", "extraArgs", "extraEnv", "alphaConfig", "image", "ingress", "replicaCount", "sessionStorage",
               "authenticatedEmailsFile", "htpasswdFile", "proxyVarsAsSecrets", "oauth2-proxy", "oauth2Proxy"})) {
    return "values of a Helm chart, not the configuration itself. Write config.configFile into a file and give it as "
           "FILE (alphaConfig.configData as FILE.yaml), and each of extraArgs as an OAUTH2_PROXY_...=VALUE line into "
           "an "
           "--env-file (email-domain: x is OAUTH2_PROXY_EMAIL_DOMAINS=x)";
  }
  const auto variables = names_in(text, '=');
  if (std::any_of(variables.begin(), variables.end(), [](auto name) { return name.starts_with("OAUTH2_PROXY_"); }))
    return "variables of an environment: give it by --env-file";
  return std::nullopt;
}

}  // namespace lp
