#include "cli/import/oauth2_proxy_routes.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/one_of.h"
#include "base/url.h"
#include "cli/import/paths.h"
#include "config/path_pattern.h"
#include "config/path_share.h"
#include "config/value.h"

namespace lp {
namespace {

constexpr std::string_view kNoApp = "file:///dev/null";  // of a Helm chart

// One app: where it is mounted, and the key under `upstreams`.
struct App {
  OAuth2ProxyUpstream source;
  Mount mount;
  std::string path;  // of the route: mount.pattern(), or what a rewrite asks for
  std::string strip_prefix;
  std::string upstream;
  bool refuses = false;  // static 4xx
  int answer = 0;        // static 2xx beside apps: it is answered here
  std::string files;     // a folder whose files are served here
  [[nodiscard]] bool answers_itself() const { return answer != 0 || !files.empty(); }
};

// "METHOD=regex", "METHOD!=regex", "!=regex" or "regex".
struct OpenRule {
  std::string shown;
  std::string method;
  std::string regex;
  bool negated = false;
};

OpenRule open_rule(const std::string& written) {
  OpenRule rule{written, "", written, written.find("!=") != std::string::npos};
  const auto equals = written.find('=');
  if (equals == std::string::npos) return rule;
  const bool bang = equals > 0 && written[equals - 1] == '!';
  rule.method = written.substr(0, bang ? equals - 1 : equals);
  for (char& c : rule.method) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  rule.regex = written.substr(equals + 1);
  return rule;
}

std::vector<std::string> methods_of(const OpenRule& rule) {
  if (rule.method.empty()) return {};
  return {rule.method};
}

bool has_possible_method(const OpenRule& rule) {
  return rule.method.empty() || (is_token(rule.method) && rule.method.find('^') == std::string::npos);
}

class Routes {
 public:
  Routes(ImportContext& context, const OAuth2ProxyAlpha* alpha, const RouteExtras& extras)
      : context_(context), options_(context.options), alpha_(alpha), extras_(extras), routes_(yaml_list()) {}

  bool build() {
    read_rules();
    std::vector<App> apps;
    std::vector<OAuth2ProxyUpstream> all = sources();
    has_apps_ = std::any_of(all.begin(), all.end(), is_an_app);
    if (has_apps_) leave_out_no_app(all);
    is_refused_alone_ =
        std::all_of(all.begin(), all.end(), [](const auto& source) { return source.static_code >= 400; });
    for (auto& source : all) apps.push_back(app(std::move(source)));
    read_trusted_ips();  // not before it is known whether there is an app
    if (only_asked_ && extras_.client_is == RouteExtras::Client::peer) forget_paths();
    // The longest path is the most specific one.
    std::stable_sort(apps.begin(), apps.end(),
                     [](const App& a, const App& b) { return a.mount.path.size() > b.mount.path.size(); });
    if (!extras_.oauth2_auth.empty()) add_oauth2_auth();
    for (const App& one : apps) {
      routes_of(one);
      done_.push_back(one.mount);
    }
    if (is_asked_about_others(apps)) open_for_checks();
    if (!upstreams_.entries.empty()) put(context_.root, "upstreams", std::move(upstreams_));
    put(context_.root, "routes", std::move(routes_));
    report_upstream_options();
    return only_asked_;
  }

 private:
  static bool is_an_app(const OAuth2ProxyUpstream& source) { return !source.is_static && source.uri != kNoApp; }

  std::vector<OAuth2ProxyUpstream> sources() {
    std::vector<OAuth2ProxyUpstream> all;
    if (alpha_ != nullptr && alpha_->upstreams) {
      all = *alpha_->upstreams;
    } else {
      for (const auto& uri : options_.list("upstreams")) all.push_back(legacy(uri));
    }
    if (all.empty()) {
      all.push_back({});
      all.back().is_static = true;
      all.back().shown = "upstreams (none)";
    }
    return all;
  }

  OAuth2ProxyUpstream legacy(const std::string& uri) const {
    OAuth2ProxyUpstream source;
    source.shown = "upstreams " + uri;
    source.uri = uri;
    source.pass_host = options_.flag("pass_host_header", true);
    if (options_.has("upstream_timeout")) source.timeout = options_.text("upstream_timeout");
    if (uri.substr(0, 9) == "static://") {
      source.is_static = true;
      const auto code = parse_count(uri.substr(9));
      if (code && *code < 1000) source.static_code = static_cast<int>(*code);
    }
    return source;
  }

  // Without reverse_proxy nobody can tell it which path is asked about: they were compared with that of the check.
  void forget_paths() {
    if (open_.empty() && negated_.empty()) return;
    open_.clear();
    negated_.clear();
    context_.note(
        Outcome::unsupported, "skip_auth_routes, skip_auth_regex",
        "those paths stay protected: there, without reverse_proxy, they are compared with the path of the "
        "check itself. To have them for the paths that the other proxy asks about, set reverse_proxy = true and "
        "import again");
  }

  // What a check asks for that names no target: another proxy's `auth_request` as a rule.
  void add_oauth2_auth() {
    Node map = yaml_map();
    put(map, "path", extras_.oauth2_auth);
    put(map, "require", extras_.require);
    if (extras_.accepts_bearer) put(map, "accept", std::vector<std::string>{"session", "bearer"});
    for (const Node& authorization : extras_.check_authorization) put(map, "authorization", authorization);
    routes_.items.push_back(std::move(map));
  }

  void report(const OAuth2ProxyUpstream& source, Outcome outcome, std::string text) {
    context_.note(outcome, source.shown, std::move(text));
  }

  App app(OAuth2ProxyUpstream source) {
    App made;
    made.source = std::move(source);
    if (made.source.is_static) {
      static_app(made);
    } else if (made.source.uri == kNoApp) {
      no_app(made);
    } else if (made.source.uri.substr(0, 5) == "unix:") {
      unix_app(made);
    } else if (made.source.uri.substr(0, 5) == "file:") {
      file_app(made);
    } else {
      http_app(made);
    }
    place(made);
    return made;
  }

  // The path that requests for the app have.
  void place(App& made) {
    if (!made.source.path.empty()) made.mount.path = made.source.path;
    made.path = made.mount.pattern();
    if (!made.files.empty()) strip_mount(made);
    if (!made.source.rewrite_target.empty()) return rewritten(made);
    if (made.mount.path.front() == '/' && check_route_path(made.path)) return;
    report(made.source, Outcome::unsupported, "a path that no request has: the route is for everything, adapt it");
    made.mount.path = "/";
    made.path = "/*";
    made.strip_prefix.clear();
  }

  // Files are looked for below the folder by what stands behind the mount.
  static void strip_mount(App& made) {
    made.strip_prefix = made.mount.path;
    while (made.strip_prefix.ends_with('/')) made.strip_prefix.pop_back();
  }

  static bool check_route_path(const std::string& path) { return path.find_first_of(" ?#%^$()") == std::string::npos; }

  // ^/x/(.*)$ to /$1 takes the prefix off; to /x/$1 changes nothing.
  void rewritten(App& made) {
    std::string_view path = made.source.path;
    if (path.substr(0, 1) == "^") path.remove_prefix(1);
    if (!path.empty() && path.back() == '$') path.remove_suffix(1);
    const auto group = path.rfind("(.*)");
    const bool is_simple = group != std::string_view::npos && group + 4 == path.size() && group > 0;
    std::string prefix(is_simple ? path.substr(0, group) : "");
    made.mount.path = is_simple && prefix.back() == '/' ? prefix : "/";
    made.path = made.mount.pattern();
    if (!prefix.empty() && prefix.back() == '/') prefix.pop_back();
    const bool usable = is_simple && check_route_path(prefix);
    if (usable && made.source.rewrite_target == "/$1" && !prefix.empty()) {
      made.mount.path = prefix + "/";
      made.path = prefix + "/*";
      made.strip_prefix = prefix;
    } else if (!usable || made.source.rewrite_target != prefix + "/$1") {
      report(made.source, Outcome::unsupported,
             "rewriteTarget " + made.source.rewrite_target +
                 ": only a prefix can be taken off (strip_prefix); the path is left as it is");
    }
  }

  void static_app(App& made) {
    const int code = made.source.static_code;
    const std::string answer = "an answer of " + std::to_string(code) + " to everything";
    if (code >= 400) {
      made.refuses = true;
      if (is_only_asked_by_name()) {
        only_asked_ = true;
        return report(made.source, Outcome::taken, "no app and no route: an answer of 404 to everything but checks");
      }
      report(made.source, Outcome::differs,
             answer + " is access: deny, which answers 403, also to checks at /oauth2/auth that are about such a path");
      return;
    }
    if (has_apps_) return fixed_answer(made);
    only_asked_ = true;
    report(
        made.source, Outcome::differs,
        "another proxy forwards and asks here (forward_auth); rules are those under routes, for its hosts and paths");
  }

  // Nothing but 4xx, whatever the path, and another proxy asks at /oauth2/auth: what it is asked about has no route
  // then.
  [[nodiscard]] bool is_only_asked_by_name() const {
    return !has_apps_ && is_refused_alone_ && !extras_.oauth2_auth.empty() && open_.empty() && negated_.empty() &&
           api_.empty() && !options_.has("trusted_ips");
  }

  // Beside apps it is a place of its own, as for a probe.
  void fixed_answer(App& made) {
    const int code = made.source.static_code;
    if (code >= 200 && code < 300) {
      made.answer = code;
      return report(made.source, Outcome::taken, "respond: a fixed answer of " + std::to_string(code));
    }
    made.refuses = true;
    report(made.source, Outcome::differs,
           "an answer of " + std::to_string(code) + ", which leads nowhere, is access: deny, which answers 403");
  }

  // Beside apps it is a file at /dev/null, which nobody asks for: it takes no path from them.
  void leave_out_no_app(std::vector<OAuth2ProxyUpstream>& all) {
    std::erase_if(all, [&](const OAuth2ProxyUpstream& source) {
      if (source.uri == kNoApp) report(source, Outcome::taken, "no app beside others: left out");
      return source.uri == kNoApp;
    });
  }

  // The Helm chart's default.
  void no_app(App& made) {
    only_asked_ = true;
    made.source.path = "/";
    report(made.source, Outcome::taken, "no app, as there: another proxy forwards and asks here (forward_auth)");
  }

  void unix_app(App& made) {
    std::string path = made.source.uri.substr(5);
    while (path.substr(0, 2) == "//") path.erase(0, 1);
    made.upstream = add_upstream("app", "unix:" + path, made.source);
    report(made.source, Outcome::taken, "upstreams." + made.upstream);
  }

  void file_app(App& made) {
    const auto fragment = made.source.uri.find('#');
    const std::string folder = made.source.uri.substr(7, fragment == std::string::npos ? fragment : fragment - 7);
    made.mount.path = fragment == std::string::npos ? folder : made.source.uri.substr(fragment + 1);
    made.files = folder;
    report(made.source, Outcome::differs,
           "static: the files of " + folder +
               ", which must be there at the start; folders are not listed, and what begins with a dot is not served");
  }

  void http_app(App& made) {
    if (has_variable(made.source.uri)) {
      made.upstream = add_upstream("app", made.source.uri, made.source);
      return report(made.source, Outcome::taken, "upstreams." + made.upstream);
    }
    const auto url = parse_url(made.source.uri);
    if (!url) {
      made.upstream = add_upstream("app", variable("APP_URL"), made.source);
      return report(made.source, Outcome::unsupported, "not a URL: put the app's http://HOST:PORT into APP_URL");
    }
    if (made.source.path.empty()) made.mount.path = url->path;
    const std::string name = name_of(*url);
    made.upstream = add_upstream(name, url->origin.text(), made.source);
    if (!made.source.path.empty() && url->path != "/") {
      report(made.source, Outcome::unsupported,
             "the path " + url->path + " is not put before the request's own: let the app do it");
    } else {
      report(made.source, Outcome::taken, "upstreams." + made.upstream);
    }
  }

  static std::string name_of(const Url& url) {
    std::string name = url.origin.host;
    if (is_ip_literal(name) || name == "localhost" || name.front() == '[') name = "app";
    return name.substr(0, name.find('.'));
  }

  std::string add_upstream(std::string name, const std::string& url, const OAuth2ProxyUpstream& source) {
    std::string free = name;
    for (int n = 2; upstreams_.find(free) != nullptr && !same(*upstreams_.find(free), url, source); ++n) {
      free = name + "-" + std::to_string(n);
    }
    if (upstreams_.find(free) == nullptr) put(upstreams_, free, upstream(url, source));
    return free;
  }

  static bool same(const Node& known, const std::string& url, const OAuth2ProxyUpstream& source) {
    return write_yaml(known) == write_yaml(upstream(url, source));
  }

  static Node upstream(const std::string& url, const OAuth2ProxyUpstream& source) {
    Node map = yaml_map();
    put(map, "url", url);
    if (!source.pass_host) put(map, "host", "upstream");
    const std::string timeout = duration_of(source.timeout);
    if (!timeout.empty() && timeout != "0s") put(map, "response_timeout", timeout);
    return map;
  }

  void read_rules() {
    int negations = 0;
    for (const auto* name : {"skip_auth_regex", "skip_auth_routes"}) {
      for (const auto& written : options_.list(name)) {
        OpenRule rule =
            std::string_view(name) == "skip_auth_regex" ? OpenRule{written, "", written, false} : open_rule(written);
        if (!has_possible_method(rule)) {
          context_.note(Outcome::unsupported, std::string(name) + " " + written,
                        "opens nothing, as there: what stands before the first = is the method, and no request has " +
                            rule.method + "; for a path with = in it write the method too, as GET=REGEX");
          continue;
        }
        if (const auto good = check_search_regex(rule.regex); !good) {
          context_.note(Outcome::unsupported, std::string(name) + " " + written,
                        good.error().message + "; those paths stay protected");
          continue;
        }
        // What is found in a path is one of the alternatives, each of which says more about where.
        for (auto& one : alternatives_of(rule.regex)) {
          OpenRule alternative = rule;
          alternative.regex = std::move(one);
          (rule.negated ? negated_ : open_).push_back(std::move(alternative));
        }
        negations += rule.negated ? 1 : 0;
      }
      context_.differs(name,
                       "access: optional (whoever is signed in is still named to the app). Patterns match the whole "
                       "path here and were searched for there: .* is added where it was open");
    }
    if (negations > 1) {
      context_.note(Outcome::differs, "skip_auth_routes (several with !=)",
                    "there, a path is open unless all of them match it; here it is protected if one does");
    }
    read_api_routes();
  }

  void read_api_routes() {
    for (const auto& regex : options_.list("api_routes")) {
      if (const auto good = check_search_regex(regex); good) {
        api_.push_back(regex);
      } else {
        context_.note(Outcome::unsupported, "api_routes " + regex, good.error().message);
      }
    }
    if (!negated_.empty() && !api_.empty()) {
      context_.note(Outcome::differs, "api_routes beside skip_auth_routes with !=",
                    "the paths of api_routes stay protected, also those that no != names, which are open there: write "
                    "a route with access: optional before them for what should be open");
    }
    context_.differs(
        "api_routes",
        "unauthenticated: 401. Judged by the path alone, without the query; everywhere else scripts get 401 too");
  }

  // A network opens only where its addresses are those of clients: a stranger behind a proxy whose word we do not
  // understand would have the proxy's, or what he writes into a field that it lets through.
  void read_trusted_ips() {
    using Client = RouteExtras::Client;
    if (extras_.client_is == Client::unknown || (extras_.client_is == Client::peer && only_asked_)) {
      context_.unsupported(
          "trusted_ips",
          extras_.client_is == Client::unknown
              ? "these clients sign in: real_client_ip_header is no field that oauth2-proxy knows. Where "
                "the proxy in front sets X-Real-IP or X-Forwarded-For, say that and import again"
              : "these clients sign in: there it is the address of the proxy that asks, here that of "
                "the client");
      return;
    }
    for (const auto& one : options_.list("trusted_ips")) {
      if (!parse_cidr(one).ok()) {
        context_.note(Outcome::unsupported, "trusted_ips " + one,
                      "not an address or range without bits beyond its prefix; those clients sign in");
      } else if (extras_.client_is == Client::named && has_trusted_proxy(one)) {
        context_.note(Outcome::unsupported, "trusted_ips " + one,
                      "left out: a proxy in front has such an address, which is the client's here wherever that proxy "
                      "names nobody; those clients sign in");
      } else {
        trusted_.push_back(one);
      }
    }
    if (only_asked_)
      context_.differs(
          "trusted_ips",
          "access: optional for these networks, which must hold no proxy in front; /oauth2/auth lets them "
          "pass where the proxy that asks says what it asks about (X-Forwarded-Uri, X-Original-URL) and no others");
    context_.taken("trusted_ips", extras_.client_is == Client::peer
                                      ? "access: optional for these networks"
                                      : "access: optional for these networks, which must hold no proxy in front");
  }

  [[nodiscard]] bool has_trusted_proxy(const std::string& network) const {
    auto proxies = options_.list("trusted_proxy_ips");
    if (proxies.empty()) proxies.emplace_back("127.0.0.1");  // unless TRUSTED_PROXY says another
    return std::any_of(proxies.begin(), proxies.end(), [&](const auto& proxy) { return overlap(proxy, network); });
  }

  static bool overlap(const std::string& one, const std::string& other) {
    const auto a = parse_cidr(one), b = parse_cidr(other);
    if (!a || !b) return false;
    for (int bit = 0; bit < std::min(a->prefix_bits, b->prefix_bits); ++bit) {
      const auto byte = static_cast<std::size_t>(bit / 8);
      if ((((a->address[byte] ^ b->address[byte]) >> (7 - bit % 8)) & 1) != 0) return false;
    }
    return true;
  }

  Node route(const App& app, const std::string& path) {
    Node map = yaml_map();
    put(map, "path", path);
    if (app.strip_prefix.empty() || path != app.path) {
      if (!app.strip_prefix.empty()) {
        context_.note(Outcome::differs, app.source.shown,
                      "under the pattern '" + path + "' the prefix is not taken off: strip_prefix needs a plain path");
      }
    } else {
      put(map, "strip_prefix", app.strip_prefix);
    }
    if (extras_.keeps_encoded_slash) put(map, "encoded_slash", "keep");
    return map;
  }

  void add(Node map, const App& app) {
    if (app.answers_itself()) return add_reply(std::move(map), app);
    // Without an app it goes into answers.
    const auto& authorizations = app.upstream.empty() ? extras_.check_authorization : extras_.authorization;
    for (const Node& authorization : authorizations) put(map, "authorization", authorization);
    if (extras_.assertion) put(map, "assertion", "true");
    if (!app.upstream.empty()) put(map, "upstream", app.upstream);
    routes_.items.push_back(std::move(map));
  }

  // Nobody is told there who it is.
  void add_reply(Node map, const App& app) {
    if (!app.files.empty()) put(map, "static", app.files);
    if (app.answer != 0) {
      Node respond = yaml_map();
      put(respond, "status", std::to_string(app.answer));
      if (app.answer != 204 && app.answer != 205) put(respond, "body", "Authenticated");
      put(map, "respond", std::move(respond));
    }
    routes_.items.push_back(std::move(map));
  }

  void add_open(const App& app, const std::string& path, const std::vector<std::string>& methods) {
    Node map = route(app, path);
    if (!methods.empty()) put(map, "methods", methods);
    put(map, "access", "optional");
    add(std::move(map), app);
  }

  void add_protected(const App& app, const std::string& path, bool answers_401) {
    Node map = route(app, path);
    put(map, "require", extras_.require);
    if (answers_401) put(map, "unauthenticated", "401");
    if (extras_.preflight) put(map, "preflight", "true");
    const bool sends_id_token = std::any_of(extras_.authorization.begin(), extras_.authorization.end(),
                                            [](const Node& one) { return one.find("bearer") != nullptr; });
    if (extras_.accepts_bearer && sends_id_token && !app.upstream.empty()) {
      add_for_bearers(map, app);
    } else if (extras_.accepts_bearer) {
      put(map, "accept", std::vector<std::string>{"session", "bearer"});
    }
    add(std::move(map), app);
  }

  // Who brings a token has no ID token: the app gets what was brought, as there.
  void add_for_bearers(Node map, const App& app) {
    Node headers = yaml_map();
    put(headers, "Authorization", "~ (?i:Bearer) ey.*");
    put(map, "headers", std::move(headers));
    put(map, "accept", "bearer");
    if (extras_.assertion) put(map, "assertion", "true");
    if (!app.upstream.empty()) put(map, "upstream", app.upstream);
    routes_.items.push_back(std::move(map));
  }

  // The paths of one rule below one app, or nothing to do.
  template <class Use>
  void each_within(const App& app, const std::string& regex, const std::string& shown, Use use) {
    const bool is_elsewhere =
        std::any_of(done_.begin(), done_.end(), [&](const Mount& mount) { return only_within_mount(regex, mount); });
    if (is_elsewhere) return;
    const Within within = within_mount(regex, app.mount);
    if (!within.is_complete) {
      context_.note(Outcome::unsupported, shown,
                    "where below " + app.mount.path +
                        " it holds takes a look by a person: what is not sure stays protected; write a route by hand");
    }
    if (within.overlap == Overlap::part || within.overlap == Overlap::all) use(within.pattern);
  }

  void routes_of(const App& app) {
    if (app.refuses && is_only_asked_by_name()) return;
    if (app.refuses) {
      Node map = yaml_map();
      put(map, "path", app.path);
      put(map, "access", "deny");
      routes_.items.push_back(std::move(map));
      return;
    }
    if (!trusted_.empty()) {
      Node map = route(app, app.path);
      put(map, "networks", trusted_);
      put(map, "access", "optional");
      add(std::move(map), app);
    }
    std::vector<PathPattern> opened;
    for (const auto& rule : open_) {
      each_within(app, rule.regex, rule.shown, [&](const std::string& path) {
        add_open(app, path, methods_of(rule));
        const auto pattern = parse_path_pattern(path);
        if (rule.method.empty() && pattern) opened.push_back(*pattern);
      });
    }
    if (leave_nothing(app, opened)) return report_all_open(app);  // what would stand behind them is asked by nobody
    for (const auto& rule : negated_) {
      each_within(app, rule.regex, rule.shown,
                  [&](const std::string& path) { add_protected(app, path, extras_.answers_401); });
    }
    for (const auto& regex : api_) {
      each_within(app, regex, "api_routes " + regex, [&](const std::string& path) { add_protected(app, path, true); });
    }
    last_route(app);
  }

  static bool leave_nothing(const App& app, const std::vector<PathPattern>& opened) {
    const auto all = parse_path_pattern(app.path);
    if (!all) return false;
    std::vector<const PathPattern*> patterns;
    for (const PathPattern& one : opened) patterns.push_back(&one);
    const auto takers = takers_of(*all, patterns);
    return takers && !takers->empty();
  }

  // Paths where no app is are still what another proxy may ask about.
  [[nodiscard]] bool is_asked_about_others(const std::vector<App>& apps) const {
    const bool has_root = std::any_of(apps.begin(), apps.end(), [](const App& one) { return one.mount.path == "/"; });
    return !has_root && !extras_.oauth2_auth.empty() && options_.flag("reverse_proxy", false);
  }

  void open_for_checks() {
    App nowhere;
    nowhere.mount.path = "/";
    nowhere.path = "/*";
    for (const auto& rule : open_) {
      each_within(nowhere, rule.regex, rule.shown,
                  [&](const std::string& path) { add_open(nowhere, path, methods_of(rule)); });
    }
  }

  void report_all_open(const App& app) {
    context_.note(Outcome::differs, "skip_auth_routes, skip_auth_regex",
                  "nobody needs to sign in for " + app.path + ", as there: they take every path of it");
  }

  // What no other rule is about: open if there are rules with !=, for their methods.
  void last_route(const App& app) {
    std::vector<std::string> methods;
    bool any = false, unclear = false;
    for (const auto& rule : negated_) {
      if (rule.method.empty())
        any = true;
      else if (!is_one_of(rule.method, methods))
        methods.push_back(rule.method);
      unclear = unclear || !within_mount(rule.regex, app.mount).is_complete;
    }
    // Where it is not known what the rule protects, all of it stays protected.
    if (!negated_.empty() && !unclear) {
      add_open(app, app.path, any ? std::vector<std::string>{} : methods);
      if (any) return;
    }
    add_protected(app, app.path, extras_.answers_401);
  }

  void report_upstream_options() {
    context_.taken("upstreams", "upstreams and routes, the longest path first; /x/ is /x/* here, which is /x too");
    context_.taken("upstream_timeout", "upstreams.*.response_timeout, until the head of the response");
    context_.taken("pass_host_header", "upstreams.*.host");
    const bool no_tunnels = !options_.flag("proxy_websockets", true);
    if (no_tunnels)
      context_.unsupported("proxy_websockets", "WebSockets always pass; refuse them in the app");
    else
      context_.taken("proxy_websockets", "WebSockets pass");
    context_.unsupported("ssl_upstream_insecure_skip_verify",
                         "certificates of apps are verified: name their authority in upstreams.*.tls.ca_file");
  }

  ImportContext& context_;
  const SourceOptions& options_;
  const OAuth2ProxyAlpha* alpha_;
  const RouteExtras& extras_;
  Node routes_;
  Node upstreams_ = yaml_map();
  std::vector<OpenRule> open_;
  std::vector<OpenRule> negated_;
  std::vector<std::string> api_;
  std::vector<std::string> trusted_;
  std::vector<Mount> done_;  // of the apps before, which are more specific
  bool only_asked_ = false;
  bool has_apps_ = false;
  bool is_refused_alone_ = false;
};

}  // namespace

bool import_oauth2_proxy_routes(ImportContext& context, const OAuth2ProxyAlpha* alpha, const RouteExtras& extras) {
  return Routes(context, alpha, extras).build();
}

}  // namespace lp
