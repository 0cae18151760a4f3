#include "cli/import/traefik.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/encoding.h"
#include "base/one_of.h"
#include "base/url.h"
#include "cli/import/paths.h"
#include "cli/import/to_do.h"
#include "cli/import/traefik_rule.h"
#include "config/path_pattern.h"
#include "config/value.h"

namespace lp {
namespace {

// "/a/{id:[0-9]+}" as a regular expression; `hole` for a {name} without one. Answers whether there was a hole at all.
bool template_regex(std::string_view text, std::string_view hole, std::string& regex) {
  bool any = false;
  for (auto open = text.find('{'); open != std::string_view::npos; open = text.find('{')) {
    std::size_t close = open, depth = 0;
    for (; close < text.size(); ++close) {
      if (text[close] == '{') ++depth;
      if (text[close] == '}' && --depth == 0) break;
    }
    if (close == text.size()) break;
    const auto inside = text.substr(open + 1, close - open - 1);
    const auto colon = inside.find(':');
    regex += quote_regex(text.substr(0, open)) + "(?:";
    regex += colon == std::string_view::npos ? std::string(hole) : std::string(inside.substr(colon + 1));
    regex += ")";
    text.remove_prefix(close + 1);
    any = true;
  }
  regex += quote_regex(text);
  return any;
}

// A path of a route for Path and PathPrefix; "" for what is no path.
std::string path_of(const std::string& written, bool is_prefix) {
  if (written == "/" && is_prefix) return "/*";
  std::string regex;
  const bool has_holes = template_regex(written, "[^/]+", regex);
  const bool is_plain = !has_holes && written.find('*') == std::string::npos && check_normal_path(written).ok();
  if (is_plain && !is_prefix) return written;
  const std::string pattern = "~ " + regex + (is_prefix ? ".*" : "");
  return parse_path_pattern(pattern).ok() ? pattern : "";
}

// A host of a route; "" for a pattern that is not "one label before a domain".
std::string host_of(const std::string& written) {
  if (written.find('{') == std::string::npos) return is_host(ascii_lower(written)) ? ascii_lower(written) : "";
  const auto close = written.find("}.");
  if (written.front() != '{' || close == std::string::npos) return "";
  const auto colon = written.substr(0, close).find(':');
  const std::string pattern = colon == std::string::npos ? "" : written.substr(colon + 1, close - colon - 1);
  static constexpr std::string_view kOneLabel[] = {"", "[^.]+", ".+", ".*", "[a-z0-9-]+", "[a-zA-Z0-9-]+"};
  if (!is_one_of(pattern, kOneLabel)) return "";
  const std::string domain = ascii_lower(written.substr(close + 2));
  return is_host(domain) ? "*." + domain : "";
}

struct Rule {
  std::string name;
  std::string action;
  std::string rule;
  std::vector<std::string> domains;
  std::vector<std::string> whitelist;
  bool is_known = true;  // all of it: else it may ask for something that nobody knows
  [[nodiscard]] bool allows() const { return action == "allow" && is_known; }
};

// What one alternative of a rule asks for, in our words.
struct Conditions {
  std::vector<std::string> hosts;
  std::vector<std::string> paths;
  std::vector<std::string> methods;
  std::vector<std::string> networks;
  Node headers = yaml_map();
  Node query = yaml_map();
  bool complete = true;  // nothing had to be left out
};

class TraefikImport {
 public:
  explicit TraefikImport(const SourceOptions& options) : context_(options), options_(options) {}

  Imported run() {
    close_what_is_not_known();
    read_rules();
    for (const Rule& rule : rules_) routes_of(rule);
    add(route(options_.text("default-action") == "allow",
              people_of(options_.words("whitelist"), options_.words("domain"))),
        {}, "/*");
    addresses();
    put(context_.root, "trusted_proxies", std::vector<std::string>{variable_or("TRUSTED_PROXY", "127.0.0.1")});
    context_.note(Outcome::differs, "(forward auth)",
                  "trusted_proxies: put Traefik's address or range into TRUSTED_PROXY (127.0.0.1 unless set). In "
                  "Traefik, forwardauth.address "
                  "becomes http://THIS:PORT" +
                      prefix() + "/check, and authResponseHeaders stays X-Forwarded-User");
    provider();
    session();
    put(map_in(context_.root, "forward_auth"), "enabled", "true");
    put(context_.root, "auth_prefix", prefix());
    Node headers = yaml_map();
    put(headers, "X-Forwarded-User", "email");
    put(context_.root, "identity_headers", std::move(headers));
    put(context_.root, "routes", std::move(routes_));
    report();
    report_what_to_do(context_);
    return context_.finish();
  }

 private:
  std::string prefix() const {
    std::string path = options_.has("url-path") ? options_.text("url-path") : "/_oauth";
    if (path.empty() || path.front() != '/') path = "/" + path;
    return path;
  }

  // As with oauth2-proxy (docs/decisions/0028-import-closes.md); the program does not start with such an option.
  void close_what_is_not_known() {
    for (const auto& option : options_.all()) {
      if (is_traefik_option(option.name)) continue;
      closed_ = true;
      context_.unknown(
          option.name,
          "Whether it keeps somebody out is not known: take it out if it does not, and import again; until "
          "then nobody passes who has not the role in ALLOWED_ROLE");
    }
  }

  // rule.NAME.PARAMETER, the longest rule first, as Traefik would: there the order of two that fit is left to chance.
  void read_rules() {
    std::map<std::string, Rule> by_name;
    for (const auto& option : options_.all()) {
      const auto dot = option.name.rfind('.');
      if (option.name.substr(0, 5) != "rule." || dot <= 5) continue;
      Rule& rule = by_name[option.name.substr(5, dot - 5)];
      rule.name = option.name.substr(5, dot - 5);
      const std::string parameter = option.name.substr(dot + 1);
      if (parameter == "action")
        rule.action = option.values.back();
      else if (parameter == "rule")
        rule.rule = option.values.back();
      else if (parameter == "domains" || parameter == "domain")
        rule.domains = options_.words(option.name);
      else if (parameter == "whitelist")
        rule.whitelist = options_.words(option.name);
      else if (parameter == "provider")
        context_.differs(
            option.name,
            "people sign in at Logto; sign_in: { with: social:... } goes straight to one of its connectors");
      else
        rule.is_known = false;
      if (!is_traefik_option(option.name)) continue;
      context_.taken(option.name, "routes; where two rules fit, the longer one comes first");
    }
    for (auto& [name, rule] : by_name) rules_.push_back(std::move(rule));
    std::stable_sort(rules_.begin(), rules_.end(),
                     [](const Rule& a, const Rule& b) { return a.rule.size() > b.rule.size(); });
  }

  People people_of(std::vector<std::string> whitelist, std::vector<std::string> domains) {
    People people;
    people.emails = std::move(whitelist);
    people.domains = std::move(domains);
    if (closed_) people.roles.push_back(variable("ALLOWED_ROLE"));
    people.either = options_.flag("match-whitelist-or-domain", false);
    needs_email_ = needs_email_ || people.by_email();
    return people;
  }

  Node route(bool is_open, const People& people) {
    Node map = yaml_map();
    if (is_open) {
      put(map, "access", "public");
    } else if (Node require = requirement_of(people); !require.is_null()) {
      put(map, "require", std::move(require));
    }
    return map;
  }

  void add(const Node& rest, const Conditions& conditions, const std::string& path, const std::string& host = "") {
    Node map = yaml_map();
    if (!host.empty()) put(map, "host", host);
    put(map, "path", path);
    if (!conditions.methods.empty()) put(map, "methods", conditions.methods);
    if (!conditions.networks.empty()) put(map, "networks", conditions.networks);
    if (!conditions.headers.entries.empty()) put(map, "headers", conditions.headers);
    if (!conditions.query.entries.empty()) put(map, "query", conditions.query);
    for (const auto& entry : rest.entries) map.entries.push_back(entry);
    routes_.items.push_back(std::move(map));
  }

  void routes_of(const Rule& rule) {
    const auto alternatives = parse_traefik_rule(rule.rule);
    if (!alternatives) {
      const std::string text = alternatives.error().message + "; write a route for it by hand";
      return context_.note(Outcome::unsupported, "rule." + rule.name + ".rule " + rule.rule, text + broader(rule, {}));
    }
    for (const auto& matchers : *alternatives) alternative(rule, matchers);
  }

  // A rule that opens something is left out where it cannot be said exactly; one that protects then holds for more.
  std::string broader(const Rule& rule, const Conditions& conditions) {
    if (rule.allows()) return "; until then those requests need a sign-in";
    add_all(rule, conditions);
    return "; until then it holds for more requests than it should";
  }

  void alternative(const Rule& rule, const TraefikMatchers& matchers) {
    Conditions conditions;
    for (const auto& matcher : matchers) {
      const bool known = !matcher.negated && understand(matcher, conditions);
      if (known) continue;
      conditions.complete = false;
      context_.note(Outcome::unsupported, "rule." + rule.name + ".rule " + (matcher.negated ? "!" : "") + matcher.name,
                    std::string("has no counterpart in a route") +
                        (rule.allows() ? "; those requests need a sign-in"
                                       : "; the route holds for more requests than the rule did"));
    }
    if (conditions.complete || !rule.allows()) add_all(rule, conditions);
  }

  void add_all(const Rule& rule, const Conditions& conditions) {
    const bool own = !rule.whitelist.empty() || !rule.domains.empty();
    const People people = own ? people_of(rule.whitelist, rule.domains)
                              : people_of(options_.words("whitelist"), options_.words("domain"));
    const Node rest = route(rule.allows(), people);
    const auto hosts = conditions.hosts.empty() ? std::vector<std::string>{""} : conditions.hosts;
    const auto paths = conditions.paths.empty() ? std::vector<std::string>{"/*"} : conditions.paths;
    for (const auto& host : hosts) {
      if (!host.empty()) hosts_.push_back(host);
      for (const auto& path : paths) add(rest, conditions, path, host);
    }
  }

  static bool one_of_each(const TraefikMatcher& matcher, std::vector<std::string>& into,
                          const std::vector<std::string>& values) {
    const bool good = into.empty() && !is_one_of("", values) && values.size() == matcher.arguments.size();
    if (good) into = values;
    return good;
  }

  static bool understand(const TraefikMatcher& matcher, Conditions& conditions) {
    const std::string name = ascii_lower(matcher.name);
    std::vector<std::string> values;
    if (name == "path" || name == "pathprefix") {
      for (const auto& path : matcher.arguments) values.push_back(path_of(path, name == "pathprefix"));
      return one_of_each(matcher, conditions.paths, values);
    }
    if (name == "host" || name == "hostregexp") {
      for (const auto& host : matcher.arguments) values.push_back(host_of(host));
      return one_of_each(matcher, conditions.hosts, values);
    }
    if (name == "method") return one_of_each(matcher, conditions.methods, matcher.arguments);
    if (name == "clientip") {
      for (const auto& one : matcher.arguments) values.push_back(parse_cidr(one).ok() ? one : "");
      return one_of_each(matcher, conditions.networks, values);
    }
    if (name == "query") return understand_query(matcher, conditions);
    const bool is_header = (name == "headers" || name == "headersregexp") && matcher.arguments.size() == 2 &&
                           conditions.headers.find(matcher.arguments.front()) == nullptr &&
                           is_token(matcher.arguments.front());
    if (!is_header) return false;
    const std::string& value = matcher.arguments.back();
    if (name == "headersregexp" && !check_search_regex(value).ok()) return false;
    put(conditions.headers, matcher.arguments.front(), name == "headers" ? literal(value) : "~ .*(?:" + value + ").*");
    return true;
  }

  // All of `name=value`.
  static bool understand_query(const TraefikMatcher& matcher, Conditions& conditions) {
    for (const auto& pair : matcher.arguments) {
      const auto equals = pair.find('=');
      const std::string name = pair.substr(0, equals);
      if (equals == std::string::npos || name.empty() || pair.find('{') != std::string::npos ||
          conditions.query.find(name) != nullptr)
        return false;
      put(conditions.query, name, literal(pair.substr(equals + 1)));
    }
    return true;
  }

  // A text that begins with '~' would be a pattern.
  static std::string literal(const std::string& text) {
    return text.substr(0, 1) == "~" ? "~ " + quote_regex(text) : text;
  }

  void addresses() {
    const std::string scheme =
        options_.flag("insecure-cookie", false) || ascii_lower(options_.text("cookie-secure")) == "false" ? "http://"
                                                                                                          : "https://";
    std::string domain = options_.words("cookie-domain").empty() ? "" : options_.words("cookie-domain").front();
    if (!domain.empty() && domain.front() == '.') domain.erase(0, 1);
    const std::string auth_host = options_.text("auth-host");
    std::vector<std::string> urls;
    if (!auth_host.empty()) urls.push_back(scheme + auth_host);
    if (!auth_host.empty() && !domain.empty()) {
      urls.push_back(scheme + "*." + domain);
      put(context_.root, "sign_in_url", urls.front());
    }
    for (const auto& host : hosts_) {
      const bool below = urls.size() > 1 && urls[1] == scheme + "*." + domain && is_one_label_below(host, domain);
      if (!below && !is_one_of(scheme + host, urls)) urls.push_back(scheme + host);
    }
    if (urls.empty()) urls.push_back(variable("EXTERNAL_URL"));
    if (urls.front() == variable("EXTERNAL_URL")) {
      context_.note(Outcome::differs, "(origins)",
                    "put an origin that browsers use, as https://app.example.com, into EXTERNAL_URL; list every one in "
                    "external_urls");
    }
    put(context_.root, "external_urls", urls);
    if (!domain.empty()) put(map_in(map_in(context_.root, "session"), "cookie"), "domain", domain);
  }

  static bool is_one_label_below(const std::string& host, const std::string& domain) {
    const auto dot = host.find('.');
    return dot != std::string::npos && host.substr(dot + 1) == domain;
  }

  void provider() {
    Node& logto = map_in(context_.root, "logto");
    const auto issuer = parse_url(options_.text("providers.oidc.issuer-url"));
    const bool is_logto = issuer && (issuer->path == "/oidc" || issuer->path == "/oidc/");
    put(logto, "endpoint", is_logto ? issuer->origin.text() : variable("LOGTO_ENDPOINT"));
    put(logto, "app_id",
        is_logto && options_.has("providers.oidc.client-id") ? options_.text("providers.oidc.client-id")
                                                             : variable("LOGTO_APP_ID"));
    put(logto, "app_secret", variable("LOGTO_APP_SECRET"));
    if (needs_email_) put(logto, "trust_email", "true");
    if (is_logto) {
      context_.taken("providers.oidc.issuer-url", "logto.endpoint");
      context_.taken("providers.oidc.client-id", "logto.app_id");
      context_.differs("providers.oidc.client-secret", "not copied: put it into LOGTO_APP_SECRET");
    }
    for (const auto* name : {"providers.oidc.resource", "providers.generic-oauth.resource"}) {
      context_.unsupported(name, "write token: { resource: ... } into a route, and the app gets a token for it");
    }
    for (const auto* name : {"providers.google.prompt", "prompt"}) {
      context_.differs(name, "Logto's is logto.sign_in.prompt: login, consent or none");
    }
    for (const auto& option : options_.all()) {
      const bool is_provider = option.name.substr(0, 10) == "providers." || option.name == "client-id" ||
                               option.name == "client-secret" || option.name == "default-provider";
      if (is_provider) {
        context_.differs(
            option.name,
            "people sign in at Logto, which has connectors: make a traditional web application there and put its "
            "values into LOGTO_ENDPOINT, LOGTO_APP_ID and LOGTO_APP_SECRET");
      }
    }
  }

  void session() {
    Node& session = map_in(context_.root, "session");
    put(session, "secret", variable("SESSION_SECRET"));
    const std::string lifetime = duration_of_seconds(options_.has("lifetime") ? options_.text("lifetime") : "43200");
    if (!lifetime.empty() && lifetime != "0s") {
      put(session, "idle_timeout", lifetime);
      put(session, "max_lifetime", lifetime);
    }
    const std::string name = options_.text("cookie-name");
    if (!name.empty() && is_token(name)) put(map_in(session, "cookie"), "name", name);
  }

  void report() {
    put(context_.root, "listen", "0.0.0.0:" + (options_.has("port") ? options_.text("port") : std::string("4181")));
    context_.taken("port", "listen");
    context_.taken("auth-host",
                   "external_urls, and sign_in_url with a cookie-domain; what to register in Logto is under To do");
    if (options_.words("cookie-domain").size() > 1)
      context_.differs("cookie-domain", "session.cookie.domain, which is one: the first");
    context_.taken("cookie-domain", "session.cookie.domain");
    context_.differs("cookie-domains", "deprecated there already: set session.cookie.domain by hand");
    context_.taken("insecure-cookie", "the scheme of external_urls: cookies are Secure on https://");
    context_.taken("cookie-secure", "the scheme of external_urls: cookies are Secure on https://");
    context_.taken("cookie-name", "session.cookie.name; what is in the old cookies is not understood");
    context_.differs("csrf-cookie-name", "each sign-in attempt has a sealed cookie of its own");
    context_.taken("default-action", "the last route");
    const std::string people =
        "require on every route but those of rules that allow, or have people of their own; logto.trust_email is on "
        "for it, and Logto's email_verified says no more than that there is an address: allow only connectors that "
        "verify addresses. Others get 403 and a page here, there 401";
    if (!options_.flag("match-whitelist-or-domain", false) && !options_.words("whitelist").empty()) {
      context_.differs("domain",
                       "not written: beside whitelist, without match-whitelist-or-domain, it lets nobody in "
                       "there either");
    }
    context_.differs("domain", people);
    context_.differs("whitelist", people);
    context_.taken("match-whitelist-or-domain", "require: any, or the e-mails alone");
    context_.taken("lifetime", "session.max_lifetime and idle_timeout");
    context_.differs("logout-redirect", "sign-out goes through Logto and ends on " + prefix() + "/signed-out");
    context_.differs("url-path",
                     "auth_prefix: the callback is " + prefix() + "/callback, sign-out " + prefix() + "/sign-out");
    for (const auto* name : {"secret", "cookie-secret"}) {
      context_.differs(name,
                       "session.secret is another kind: put what `logto-proxy secret` prints into SESSION_SECRET. "
                       "Everybody signs in once more");
    }
    for (const auto* name : {"log-level", "log-format"})
      context_.differs(name, "access lines and events are JSON, all of them");
    context_.differs("config", "name the new file: logto-proxy serve --config FILE");
  }

  ImportContext context_;
  const SourceOptions& options_;
  std::vector<Rule> rules_;
  Node routes_ = yaml_list();
  std::vector<std::string> hosts_;
  bool needs_email_ = false;
  bool closed_ = false;
};

}  // namespace

Imported import_traefik_forward_auth(const SourceOptions& options) { return TraefikImport(options).run(); }

}  // namespace lp
