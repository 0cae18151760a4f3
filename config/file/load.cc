#include "config/file/load.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <span>

#include "base/encoding.h"
#include "base/one_of.h"
#include "config/check/check.h"
#include "config/claims.h"
#include "config/options/binding.h"
#include "config/options/option_table.h"
#include "config/path_pattern.h"
#include "config/realms.h"
#include "config/value.h"
#include "config/yaml/document.h"
#include "config/yaml/report.h"
#include "config/yaml/suggest.h"

namespace lp {
namespace {

// What other products call it.
constexpr std::pair<std::string_view, std::string_view> kForeignWords[] = {
    {"client_id", "logto.app_id"},
    {"client_secret", "logto.app_secret"},
    {"client_secret_file", "logto.app_secret_file"},
    {"issuer", "logto.endpoint"},
    {"issuer_url", "logto.endpoint"},
    {"oidc_issuer_url", "logto.endpoint"},
    {"cookie_secret", "session.secret"},
    {"cookie_name", "session.cookie.name"},
    {"cookie_domain", "session.cookie.domain"},
    {"cookie_domains", "session.cookie.domain"},
    {"redirect_url", "external_urls"},
    {"redirect_uri", "external_urls"},
    {"external_url", "external_urls"},
    {"base_url", "external_urls"},
    {"public_url", "external_urls"},
    {"http_address", "listen"},
    {"bind", "listen"},
    {"port", "listen"},
    {"backend", "upstream"},
    {"target", "upstream"},
    {"proxy_pass", "upstream"},
    {"backends", "upstreams"},
    {"services", "upstreams"},
    {"log_level", "log.level"},
    {"trusted_ips", "trusted_proxies"},
    {"allowed_groups", "require.roles"},
    {"groups", "require.roles"},
    {"public", "access: public"},
    {"auth", "access: signed_in"},
    {"authenticated", "access: signed_in"},
    {"require_auth", "access: signed_in"},
    {"skip_auth", "access: public"},
    {"skip_auth_routes", "access: public (of a route)"},
    {"skip_auth_regex", "access: public (of a route)"},
    {"allowed_roles", "require.roles"},
    {"emails", "require.email"},
    {"allowed_emails", "require.email"},
    {"email_domains", "require.email_domain"},
    {"rewrite", "replace_path"},
    {"rewrite_target", "replace_path"},
    {"headers_to_add", "request_headers"},
    {"proxy_set_header", "request_headers"},
    {"return", "respond"},
    {"root", "static"},
    {"file_server", "static"},
    {"tls", "listen[].tls.certificates"},
    {"ssl", "listen[].tls.certificates"},
    {"https", "listen[].tls.certificates"},
    {"cert", "listen[].tls.certificates"},
    {"certs", "listen[].tls.certificates"},
    {"certificate", "listen[].tls.certificates"},
    {"tls_cert_file", "listen[].tls.certificates"},
    {"https_address", "listen[].tls.certificates"},
};

constexpr std::string_view kOfRoutes = "routes[].";
constexpr std::string_view kRules[] = {"roles",        "organizations", "organization_roles",
                                       "social",       "scopes",        "email",
                                       "email_domain", "claims",        "max_age",
                                       "any",          "all",           "not"};
constexpr std::string_view kOfCookies[] = {"secure", "http_only", "httponly", "path", "max_age", "expires"};
// How an app is reached is said in one key; other products have one for each part.
constexpr std::string_view kPartsOfUrl[] = {"port",   "address",  "addr",       "hostname", "ip",
                                            "scheme", "protocol", "proxy_pass", "backend",  "target"};
constexpr std::string_view kTlsWords[] = {
    "ssl",        "https",  "cert", "certs", "certificate", "ca", "ca_file", "tls_skip_verify", "insecure_skip_verify",
    "ssl_verify", "verify", "sni"};

bool is_any_of(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// What is said of our own listeners helps nobody who writes of something else.
bool is_about_listeners(std::string_view ours) { return ours == "listen" || ours.starts_with("listen[]"); }
bool may_be_about_listeners(std::string_view parent) {
  return parent.empty() || parent == "listen[]" || parent == "admin" || parent == "forward_auth";
}

// Walks the document against the option table. `path` is a key as the table writes it ("routes[].path"), `key` the
// same as the user sees it ("routes[2].path").
class Loader {
 public:
  Loader(std::string folder, Settings& settings, Report& report, LoadFor purpose)
      : folder_(std::move(folder)), settings_(settings), report_(report), purpose_(purpose) {}

  void load(const Node& root) {
    Scope top;
    top.settings = &settings_;
    says_provision_ = root.is_map() && root.find("provision") != nullptr;
    report_.remember("", Mark{1, 1});
    if (!root.is_null()) map("", "", root, top);
    require("", "");
  }

  static bool stands_at_the_top(const std::string& word) {
    return find_option(word) != nullptr || find_group(word) != nullptr || !child_keys(word).empty();
  }

 private:
  void map(const std::string& path, const std::string& key, const Node& node, const Scope& scope) {
    if (node.broken) return;
    if (!node.is_map()) return report_.problem_at(node.mark, key, no_map(path, node));
    for (const auto& entry : node.entries) {
      value(join_path(path, entry.key), join_path(key, entry.key), entry, scope);
    }
  }

  void value(const std::string& path, const std::string& key, const Entry& entry, const Scope& scope) {
    const Node& node = entry.value;
    report_.remember(key, node.is_scalar() ? node.mark : entry.mark);
    if (!node.is_null()) report_.remember_value(key);
    const Option* option = find_option(path);
    if (option != nullptr && is_missed(*option, node)) return missed(*option, key, entry);
    if (node.is_null() && !node.why_empty().empty()) lost(key, node);
    if (option != nullptr) {
      read(*option, key, entry, scope);
    } else if (const Group* group = find_group(path)) {
      if (!node.is_null()) read_group(*group, key, node, scope);
    } else if (!child_keys(path).empty()) {
      if (!node.is_null()) map(path, key, node, scope);
    } else {
      report_.problem_at(entry.mark, without_value(key, entry.key), unknown(path, entry.key));
    }
  }

  // "require:" and its rules behind '#': it looks as if it protected something. What is required is told otherwise, and
  // a map of keys all of which stand behind '#' says of each that it is not set.
  static bool is_missed(const Option& option, const Node& node) {
    if (!node.is_null() || node.said || node.lost_is_meant) return false;
    if (option.is(kRequired)) return false;
    return option.is(kNarrows) || option.path.starts_with(kOfRoutes);
  }

  void missed(const Option& option, const std::string& key, const Entry& entry) {
    report_.problem_at(entry.mark, key,
                       "expected " + std::string(option.type) + ", found " + entry.value.describe() +
                           ", as if this key were not here: if that is meant, write null");
  }

  // As compose hands variables on that nobody has set.
  void lost(const std::string& key, const Node& node) {
    report_.remember_nothing(key, node.why_empty());
    if (node.hidden) return report_.warning(key, node.describe() + ", as if this key were not here");
    if (node.lost_is_meant) return;
    report_.warning(key, "the environment variable " + node.variables +
                             " is empty, as if this key were not here (if that may be: ${" + node.variables + ":-})");
  }

  void read(const Option& option, const std::string& key, const Entry& entry, const Scope& scope) {
    const Node& node = entry.value;
    if (node.is_null()) return;  // the default holds; require() sees what must be there
    if (node.broken) return;
    option.binding.read(node,
                        Reading{option, scope, key, folder_, report_, purpose_ == LoadFor::provision, says_provision_});
  }

  void read_group(const Group& group, const std::string& key, const Node& node, const Scope& scope) {
    if (node.broken) return;
    if (group.kind == Group::Kind::map) return map(std::string(group.path), key, expanded(group, node), scope);
    group.clear(settings_);
    if (group.kind == Group::Kind::named) return read_named(group, key, node);
    if (node.is_map() || (node.is_scalar() && group.shorthand.empty())) {
      return report_.problem_at(node.mark, key,
                                "expected a list, found " + node.describe() + ": begin each of its elements with '- '");
    }
    if (node.is_scalar()) return element(group, key + "[1]", "", node, node.mark);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      element(group, key + "[" + std::to_string(i + 1) + "]", "", node.items[i], node.items[i].mark);
    }
  }

  void read_named(const Group& group, const std::string& key, const Node& node) {
    if (!node.is_map()) {
      return report_.problem_at(node.mark, key,
                                "expected a map of names, found " + node.describe() +
                                    ": write 'NAME:' and what belongs to it below, without '- '");
    }
    for (const auto& entry : node.entries)
      element(group, join_path(key, entry.key), entry.key, entry.value, entry.mark);
  }

  void element(const Group& group, const std::string& key, const std::string& name, const Node& node, Mark mark) {
    report_.remember(key, mark);
    const Scope scope = group.add(settings_, name);
    const std::string path = group.element_path();
    if (!node.broken) map(path, key, expanded(group, node), scope);
    if (!node.broken && (node.is_map() || node.is_scalar())) require(path, key);
  }

  // A scalar in place of a map is the map with the group's shorthand key.
  static Node expanded(const Group& group, const Node& node) {
    if (!node.is_scalar() || group.shorthand.empty()) return node;
    Node map;
    map.kind = Node::Kind::map;
    map.mark = node.mark;
    map.entries.push_back({std::string(group.shorthand), node.mark, node});
    return map;
  }

  // Required keys below `path` that are not inside a further list or named map.
  void require(const std::string& path, const std::string& key) {
    for (const auto& option : option_table()) {
      std::string_view rest = option.path;
      if (!option.is(kRequired) || rest.substr(0, path.size()) != path) continue;
      if (path.empty() && !settings_.realms.empty() && Report::stands_in_realms(rest)) continue;
      rest.remove_prefix(path.size());
      if (!path.empty() && rest.substr(0, 1) != ".") continue;
      if (!path.empty()) rest.remove_prefix(1);
      if (rest.find_first_of("[*") != std::string_view::npos) continue;
      const std::string full = join_path(key, rest);
      if (report_.has(full) || report_.has(full + "_file")) continue;
      report_.problem(full, "required: expected " + std::string(option.type) + ", " + report_.found_nothing(full));
    }
  }

  static std::string keys_below(const std::string& path) {
    std::string known;
    for (const auto& key : child_keys(path)) {
      known += (known.empty() ? "" : ", ") + key;
    }
    return known;
  }

  // endpoint:https://x, which YAML takes for a text. It is not shown: it may be a secret.
  static std::string without_blank(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return "";
    if (text.substr(0, colon).find_first_of(" /.=") != std::string_view::npos) return "";
    if (text.substr(colon + 1).starts_with("//")) return "";  // a URL
    return "no blank behind the colon: write '" + std::string(text.substr(0, colon)) + ": ...'";
  }

  // Of "session.secret:abc", "session.secret".
  static std::string without_value(const std::string& key, const std::string& word) {
    if (without_blank(word).empty()) return key;
    return key.substr(0, key.size() - word.size() + word.find(':'));
  }

  // The key of `sign_in` that this is a value of; empty: of none.
  static std::string way_to_sign_in(const std::string& path, const std::string& text) {
    if (!path.ends_with("sign_in")) return {};
    if (parse_with(text)) return "with";
    if (parse_prompt(text)) return "prompt";
    return parse_first_screen(text) ? "first_screen" : "";
  }

  static std::string no_map(const std::string& path, const Node& node) {
    const std::string meant = node.is_scalar() ? way_to_sign_in(path, node.text) : std::string();
    if (!meant.empty())
      return "expected a map of keys, found " + node.describe() + ": write { " + meant + ": " + node.text + " }";
    const auto joined = node.is_scalar() ? without_blank(node.text) : std::string();
    if (!joined.empty()) return "expected a map of keys, found a text: " + joined;
    if (path == "routes[].respond" && parse_count(node.text).ok())
      return "expected a map of keys, found " + node.describe() + ": write { status: " + node.text + " }";
    const std::string found = "expected a map of keys, found " + node.describe();
    constexpr std::size_t kMostNamed = 16;
    const bool are_few = !path.empty() && child_keys(path).size() <= kMostNamed;
    return found + ": write 'KEY: VALUE' below it, in a line for each" +
           (are_few ? "; known here: " + keys_below(path) : "");
  }

  static std::string did_you_mean(const std::string& shown, const std::string& what) {
    return what + ", did you mean '" + shown + "'?";
  }

  static std::string unknown(const std::string& path, const std::string& word) {
    const std::string parent = path.size() == word.size() ? "" : path.substr(0, path.size() - word.size() - 1);
    const auto siblings = child_keys(parent);
    if (const auto joined = without_blank(word); !joined.empty()) return "unknown key: " + joined;
    if (word.starts_with("//")) return "unknown key: a comment begins with '#'";
    if (parent == "routes[]" && is_any_of(word, kRules))
      return "unknown key here: rules stand under require, as in require: { " + word + ": ... }";
    if (parent == "session.cookie" && is_any_of(word, kOfCookies))
      return "unknown key: our cookies are HttpOnly by themselves, Secure on https://, and for Path=/; how long they "
             "live follows from session.idle_timeout and session.max_lifetime";
    if (parent.ends_with("request_headers") || parent.ends_with("response_headers")) {
      if (word.find('-') != std::string::npos) return "unknown key: write set: { " + word + ": ... }";
    }
    if (word.size() > 1 && word.front() == '-')
      return "unknown key: no blank behind the '-' of a list item, write '- " + word.substr(1) + "'";
    if (!parent.empty() && stands_at_the_top(word))
      return "unknown key here: " + word + " stands at the top of the file, its line begins in the first column";
    if (parent == "upstreams.*" && is_any_of(word, kPartsOfUrl))
      return "unknown key: it is a part of 'url', as in url: http://127.0.0.1:8080";
    if (parent == "upstreams.*" && is_any_of(word, kTlsWords))
      return "unknown key: TLS to an app is asked for by https:// in 'url', and what it needs stands below 'tls': " +
             keys_below("upstreams.*.tls");
    for (const auto& [theirs, ours] : kForeignWords) {
      if (theirs != word || (is_about_listeners(ours) && !may_be_about_listeners(parent))) continue;
      return "unknown key: here it is called '" + std::string(ours) + "'";
    }
    if (const auto near = nearest(word, siblings); !near.empty()) {
      return did_you_mean(near, "unknown key");
    }
    for (const auto& option : option_table()) {
      const std::string_view full = option.path;
      if (is_about_listeners(full) && !may_be_about_listeners(parent)) continue;
      if (full.size() > word.size() + 1 && full.substr(full.size() - word.size() - 1) == "." + word) {
        return did_you_mean(option.path, "unknown key here");
      }
    }
    return "unknown key; known here: " + keys_below(parent);
  }

  std::string folder_;
  Settings& settings_;
  Report& report_;
  LoadFor purpose_;
  bool says_provision_ = false;
};

// Of a file that is no configuration of ours at all: what it is instead, once. Its text is not shown, for it may hold
// secrets.
std::string why_of_another_kind(const Node& root) {
  if (root.is_scalar() && root.text.find('=') != std::string::npos)
    return "expected a map of keys, found a text with '=': a key and its value have ': ' between them here; "
           "configurations of oauth2-proxy and traefik-forward-auth are translated by `logto-proxy import`";
  if (root.is_list()) return "expected a map of keys, found a list: write 'KEY: VALUE', in a line for each";
  if (root.is_scalar()) return "expected a map of keys, found a text: write 'KEY: VALUE', in a line for each";
  const auto is_ours = [](const Entry& entry) { return Loader::stands_at_the_top(entry.key); };
  if (std::any_of(root.entries.begin(), root.entries.end(), is_ours)) return {};
  if (root.find("apiVersion") != nullptr && root.find("kind") != nullptr)
    return "this is a manifest of Kubernetes: the configuration is what stands in its data";
  if (const Node* services = root.find("services"); services != nullptr && services->is_map())
    return "this is a compose file: the configuration is a file of its own, which the service of the proxy mounts";
  return {};
}

void name_routes(Settings& settings, const Report& report) {
  for (auto& route : settings.routes) {
    route.line = report.line_of("routes[" + std::to_string(route.index) + "]");
    route.label = "#" + std::to_string(route.index) + " " + route.host + format_path_pattern(route.path);
  }
}

// Who is signed out, or in with nothing that a rule wants, must reach them too.
void open_actions(Settings& settings, const Report& report) {
  for (auto& route : settings.routes) {
    const bool says_who = report.has("routes[" + std::to_string(route.index) + "].access");
    if (route.reply.action != RouteReplySettings::Action::none && !says_who) route.access = Access::public_;
  }
}

void locate_tests(Settings& settings, const Report& report) {
  for (auto& test : settings.tests) {
    test.line = report.line_of("tests[" + std::to_string(test.index) + "]");
  }
}

// The default headers are what an app gets without a preset.
void preset_replaces_defaults(Settings& settings, const Report& report) {
  const bool has_preset = settings.identity_preset != IdentityPreset::none;
  if (has_preset && !report.has("identity_headers")) settings.identity_headers.clear();
}

// Social accounts are told to nobody by default: who writes out a header of one wants it.
void add_scopes_of_headers(const std::vector<IdentityHeaderSettings>& headers, const std::string& key,
                           std::vector<std::string>& scopes, Report& report) {
  for (const IdentityHeaderSettings& header : headers) {
    const std::string scope(scope_of_claim(top_level_claim(header.claim)));
    if (header.source != IdentityHeaderSettings::Source::claim || scope != "identities") continue;
    if (is_one_of(scope, scopes)) continue;
    scopes.push_back(scope);
    report.warning(key + "." + header.header, "this header needs the scope 'identities': it is asked for as well");
  }
}

// Without `identities` Logto's Account API gives nobody's token for Patreon.
std::string scope_of_rule(const Requirement& rule) {
  if (rule.kind == Requirement::Kind::patreon) return "identities";
  return std::string(scope_of_claim(top_level_claim(claim_of(rule))));
}

// A rule on a claim that Logto never tells would lock everybody out: its scope is asked for.
void add_scopes_of_rules(const std::vector<RouteSettings>& routes, const std::string& logto,
                         std::vector<std::string>& scopes, Report& report) {
  const auto need = [&](const std::string& key, const std::string& scope) {
    if (scope.empty() || is_one_of(scope, scopes)) return;
    scopes.push_back(scope);
    report.warning(key, "this rule needs the scope '" + scope + "': it is added to " + logto + ".scopes");
  };
  for (const auto& route : routes) {
    const std::string members(scope_of_claim(claim_of(route.organization.rule)));
    if (!members.empty() && !is_one_of(members, scopes)) scopes.push_back(members);
    const std::string key = "routes[" + std::to_string(route.index) + "]";
    for_each_requirement(route.require,
                         [&](const Requirement& requirement) { need(key + ".require", scope_of_rule(requirement)); });
    for_each_requirement(route.deny,
                         [&](const Requirement& requirement) { need(key + ".deny", scope_of_rule(requirement)); });
  }
}

void add_scopes_of(const Settings& settings, const std::vector<RouteSettings>& routes, const std::string& logto,
                   std::vector<std::string>& scopes, Report& report) {
  add_scopes_of_rules(routes, logto, scopes, report);
  add_scopes_of_headers(settings.identity_headers, "identity_headers", scopes, report);
  for (const RouteSettings& route : routes) {
    const std::string key = "routes[" + std::to_string(route.index) + "].identity_headers";
    add_scopes_of_headers(route.identity_headers, key, scopes, report);
  }
}

void add_needed_scopes(Settings& settings, Report& report) {
  if (settings.realms.empty()) {
    return add_scopes_of(settings, settings.routes, "logto", settings.logto.scopes, report);
  }
  for (auto& realm : settings.realms) {
    add_scopes_of(settings, settings_of_realm(settings, realm).routes, "realms." + realm.name + ".logto",
                  realm.logto.scopes, report);
  }
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

namespace {

void forget_lost(Node& node) {
  if (node.lost) {
    node.kind = Node::Kind::null;
    node.text.clear();
    node.lost_is_meant = true;
  }
  for (Node& item : node.items) forget_lost(item);
  for (Entry& entry : node.entries) forget_lost(entry.value);
}

// The secrets below `provision` are for that command, and whoever serves people had better not know them: for all
// others a variable that is not there, or empty, leaves its key unset.
void expand_all(Node& document, const std::string& path, const Environment& env, LoadFor purpose,
                std::vector<ConfigProblem>& problems) {
  const auto is_provision = [](const Entry& entry) { return entry.key == "provision"; };
  const auto found = std::find_if(document.entries.begin(), document.entries.end(), is_provision);
  if (purpose == LoadFor::provision || found == document.entries.end())
    return expand_variables(document, path, env, problems);
  Node alone = Node::empty_map();
  alone.entries.push_back({found->key, found->mark, std::exchange(found->value, Node())});
  expand_variables(document, path, env, problems);
  expand_variables(alone, path, env, problems, MissingVariable::is_empty);
  found->value = std::move(alone.entries.front().value);
  forget_lost(found->value);
}

}  // namespace

Result<LoadedConfig, std::vector<ConfigProblem>> parse_config(const std::string& text, const std::string& path,
                                                              const Environment& env, LoadFor purpose) {
  Report report(path);
  auto document = parse_document(text, path, report.problems());
  if (!document) return report.take_problems();
  if (const std::string why = why_of_another_kind(*document); !why.empty()) {
    report.problem_at(document->mark, "", why);
    return report.take_problems();
  }
  if (document->is_null())
    report.problem_at({1, 1}, "",
                      "the file holds nothing: docs/MANUAL.md, section 2, has a configuration to begin with, and "
                      "config.example.yaml every key");
  expand_all(*document, path, env, purpose, report.problems());
  auto settings = std::make_shared<Settings>();
  Loader(std::filesystem::path(path).parent_path().string(), *settings, report, purpose).load(*document);
  name_routes(*settings, report);
  open_actions(*settings, report);
  locate_tests(*settings, report);
  preset_replaces_defaults(*settings, report);
  add_needed_scopes(*settings, report);
  check_settings(*settings, report);
  auto problems = report.take_problems();
  if (!problems.empty()) return problems;
  return LoadedConfig{std::move(settings), report.take_warnings()};
}

Result<LoadedConfig, std::vector<ConfigProblem>> load_config(const std::string& path, const Environment& env,
                                                             LoadFor purpose) {
  auto text = read_small_file(path);
  if (!text) {
    std::error_code ignored;
    const bool is_there = std::filesystem::exists(path, ignored);
    return std::vector<ConfigProblem>{
        {path, 0, 0, "",
         text.error().message +
             (is_there ? "" : "; name it as in `logto-proxy check FILE`, or in the variable LOGTO_PROXY_CONFIG")}};
  }
  return parse_config(text.value(), path, env, purpose);
}

}  // namespace lp
