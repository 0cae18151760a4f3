#include "cli/import/oauth2_proxy.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/one_of.h"
#include "base/url.h"
#include "cli/import/oauth2_proxy_headers.h"
#include "cli/import/oauth2_proxy_hosts.h"
#include "cli/import/oauth2_proxy_people.h"
#include "cli/import/oauth2_proxy_routes.h"
#include "cli/import/oauth2_proxy_table.h"
#include "cli/import/to_do.h"
#include "config/forward_auth.h"
#include "config/path_pattern.h"
#include "config/value.h"

namespace lp {
namespace {

constexpr std::string_view kLogtoScopes[] = {"profile", "email",      "phone",      "address",
                                             "roles",   "identities", "custom_data"};

constexpr std::string_view kOwnPrefix = "/_auth";  // unless the configuration says otherwise

using Remarks = std::vector<std::pair<std::string, std::string>>;

class Import {
 public:
  Import(const SourceOptions& options, const OAuth2ProxyAlpha* alpha, const FileReader& read_file)
      : context_(options), options_(options), alpha_(alpha), read_file_(read_file) {}

  Imported run() {
    addresses();
    listeners();
    trust();
    logto();
    session();
    redis();
    extras_.require = oauth2_proxy_requirement(context_, read_file_);
    extras();
    import_oauth2_proxy_headers(context_, alpha_, extras_);
    bearer();
    logs();
    const bool only_asked = import_oauth2_proxy_routes(context_, alpha_, extras_);
    endpoints(only_asked);
    keep_id_tokens();
    if (only_asked && context_.root.find("trusted_proxies") == nullptr) trust_somebody("(forward auth)");
    report_fixed_oauth2_proxy_options(context_);
    for (const auto& [what, why] : alpha_ == nullptr ? Remarks{} : alpha_->remarks)
      context_.note(Outcome::unsupported, what, why);
    health();
    report_what_to_do(context_);
    return context_.finish();
  }

 private:
  // external_urls, and with a cookie for a domain the one origin that signs in for all below it.
  void addresses() {
    const auto redirect = parse_url(options_.text("redirect_url"));
    const std::string own = redirect ? redirect->origin.text() : variable("EXTERNAL_URL");
    const std::string domain = cookie_domain();
    std::vector<std::string> urls = {own};
    if (redirect) {
      context_.taken("redirect_url", "external_urls; what to register in Logto is under To do");
    } else {
      const std::string text = "put the origin that browsers use, as https://app.example.com, into EXTERNAL_URL";
      context_.differs("redirect_url", text);
      if (!options_.has("redirect_url")) context_.note(Outcome::differs, "redirect_url (not set)", text);
    }
    if (redirect && !domain.empty()) {
      urls.push_back(redirect->origin.scheme + "://*." + domain);
      add_whitelisted_hosts(context_, redirect->origin, domain, urls);
      put(context_.root, "external_urls", urls);
      put(context_.root, "sign_in_url", own);
      context_.taken("whitelist_domains",
                     "external_urls, where * is one label: people return to these only. Name hosts further below "
                     "there, where they are asked about");
    } else {
      put(context_.root, "external_urls", urls);
      context_.differs("whitelist_domains", "people return to external_urls only: list every origin there");
    }
  }

  std::string cookie_domain() const {
    const auto domains = options_.list("cookie_domains");
    if (domains.empty()) return "";
    const std::string domain = domains.front().substr(domains.front().front() == '.' ? 1 : 0);
    const auto redirect = parse_url(options_.text("redirect_url"));
    const bool fits = !redirect || is_at_or_below_domain(redirect->origin.host, domain);
    return fits ? domain : "";
  }

  void listeners() {
    const std::string written = options_.has("http_address") ? options_.text("http_address") : "127.0.0.1:4180";
    const std::string address = listen_address(written);
    put(context_.root, "listen", address.empty() ? std::string("127.0.0.1:4180") : address);
    if (address.empty()) context_.unsupported("http_address", "expected IP:PORT or unix:///PATH: set listen by hand");
    context_.taken("http_address", "listen: " + address);
    context_.unsupported("https_address", "by hand: a second address under listen, with tls and its certificates");
    const std::string metrics = listen_address(options_.text("metrics_address"));
    if (!metrics.empty()) put(map_in(context_.root, "admin"), "listen", metrics);
    if (metrics.empty())
      context_.unsupported("metrics_address", "no address of the form IP:PORT; metrics are not built yet");
    context_.unsupported("metrics_address",
                         "metrics are not built yet. Its address is admin.listen, which has /healthz and /readyz");
  }

  void trust() {
    const bool behind = options_.flag("reverse_proxy", false);
    const auto listed = options_.list("trusted_proxy_ips");
    std::vector<std::string> good;
    for (const auto& one : listed) {
      if (parse_cidr(one).ok())
        good.push_back(one);
      else
        context_.note(Outcome::unsupported, "trusted_proxy_ips " + one,
                      "not an address or range without bits beyond its prefix; not trusted");
    }
    if (behind && good.empty()) {
      trust_somebody("reverse_proxy");
    } else if (behind) {
      put(context_.root, "trusted_proxies", good);
    }
    context_.taken("trusted_proxy_ips", behind ? "trusted_proxies" : "without effect there: reverse_proxy is off");
    context_.taken("reverse_proxy", behind ? "trusted_proxies" : "off: nobody is put under trusted_proxies for it");
    if (!behind) context_.taken("real_client_ip_header", "without effect there: reverse_proxy is off");
    extras_.client_is = behind ? who_names_clients() : RouteExtras::Client::peer;
  }

  // Its own default is X-Real-IP, which it needs for trusted_ips alone.
  RouteExtras::Client who_names_clients() {
    static constexpr std::string_view kKnown[] = {"X-Real-IP", "X-ProxyUser-IP", "X-Envoy-External-Address",
                                                  "CF-Connecting-IP"};
    const std::string said = options_.has("real_client_ip_header") ? options_.text("real_client_ip_header") : "";
    if (iequals(said, "X-Forwarded-For")) {
      context_.taken("real_client_ip_header", "X-Forwarded-For of trusted_proxies");
      return RouteExtras::Client::named;
    }
    const auto known = std::find_if(std::begin(kKnown), std::end(kKnown), [&](std::string_view name) {
      return iequals(name, said.empty() ? kKnown[0] : said);
    });
    if (known == std::end(kKnown)) {
      context_.unsupported("real_client_ip_header",
                           "oauth2-proxy knows no such field: the client's address comes from X-Forwarded-For");
      return RouteExtras::Client::unknown;
    }
    if (!said.empty() || options_.has("trusted_ips")) put(context_.root, "client_ip_header", std::string(*known));
    context_.taken("real_client_ip_header", "client_ip_header, of trusted_proxies");
    return RouteExtras::Client::named;
  }

  // oauth2-proxy believes everybody then.
  void trust_somebody(std::string_view option) {
    put(context_.root, "trusted_proxies", std::vector<std::string>{variable_or("TRUSTED_PROXY", "127.0.0.1")});
    const std::string text =
        "trusted_proxies: only the proxies named there are believed, there everybody was: put the address or range "
        "of yours into TRUSTED_PROXY (127.0.0.1 unless set)";
    if (options_.has(option))
      context_.differs(option, text);
    else
      context_.note(Outcome::differs, std::string(option), text);
  }

  void logto() {
    Node& logto = map_in(context_.root, "logto");
    const auto issuer = parse_url(options_.text("oidc_issuer_url"));
    const bool is_logto = has_logto_issuer(options_);
    put(logto, "endpoint", is_logto ? issuer->origin.text() : variable("LOGTO_ENDPOINT"));
    put(logto, "app_id", is_logto && options_.has("client_id") ? options_.text("client_id") : variable("LOGTO_APP_ID"));
    put(logto, "app_secret", variable("LOGTO_APP_SECRET"));
    const std::string create =
        "make a traditional web application in Logto and put its id and secret into LOGTO_APP_ID and LOGTO_APP_SECRET";
    if (is_logto) {
      context_.taken("oidc_issuer_url", "logto.endpoint");
      context_.taken("client_id", "logto.app_id");
    }
    context_.differs("oidc_issuer_url", "people sign in at Logto: put its origin into LOGTO_ENDPOINT");
    context_.differs("client_id", create);
    for (const auto* name : {"client_secret", "client_secret_file"}) {
      context_.differs(name, is_logto
                                 ? "not copied: put it into LOGTO_APP_SECRET, or name a file in logto.app_secret_file"
                                 : create);
    }
    const std::string provider = options_.text("provider");
    if (is_logto) context_.taken("provider", "Logto");
    context_.differs("provider",
                     "Logto, which has connectors for social and enterprise sign-in" +
                         (provider.empty() || provider == "oidc" ? std::string() : " (" + provider + " may be one)"));
    scopes(logto);
    prompt(logto);
  }

  void scopes(Node& logto) {
    if (!options_.has("scope")) return;
    std::vector<std::string> kept;
    std::string dropped;
    for (std::string rest = options_.text("scope") + " "; !rest.empty(); rest.erase(0, rest.find(' ') + 1)) {
      const std::string scope = rest.substr(0, rest.find(' '));
      const bool known = is_one_of(scope, kLogtoScopes) || scope.substr(0, 10) == "urn:logto:";
      if (scope == "offline_access")
        put(logto, "refresh", scope);
      else if (known)
        kept.push_back(scope);
      else if (scope == "groups")
        kept.push_back("roles");
      else if (!scope.empty() && scope != "openid")
        dropped += " " + scope;
    }
    if (!kept.empty()) put(logto, "scopes", kept);
    const std::string where = logto.find("refresh") == nullptr ? "logto.scopes" : "logto.scopes and logto.refresh";
    if (dropped.empty()) context_.taken("scope", where + "; what rules need is added");
    context_.differs("scope", where + ", without what Logto does not know:" + dropped);
  }

  void prompt(Node& logto) {
    const std::string prompt = options_.text("prompt");
    const bool known = parse_prompt(prompt).ok();
    if (known) put(map_in(logto, "sign_in"), "prompt", prompt);
    if (known) context_.taken("prompt", "logto.sign_in.prompt");
    context_.unsupported("prompt", "Logto takes login, consent and none");
  }

  void session() {
    Node& session = map_in(context_.root, "session");
    put(session, "secret", variable("SESSION_SECRET"));
    for (const auto* name : {"cookie_secret", "cookie_secret_file"}) {
      context_.differs(name,
                       "session.secret is another kind: put what `logto-proxy secret` prints into SESSION_SECRET. "
                       "Everybody signs in once more");
    }
    lifetimes(session);
    cookie(session);
    if (options_.text("session_store_type") == "redis") put(session, "store", "redis");
    context_.taken("session_store_type", "session.store");
  }

  void lifetimes(Node& session) {
    const std::string written = options_.has("cookie_expire") ? options_.text("cookie_expire") : "168h";
    const std::string lifetime = duration_of(written);
    if (lifetime.empty() || lifetime == "0s") {
      put(map_in(session, "cookie"), "lifetime", "browser");
      context_.differs(
          "cookie_expire",
          "session.cookie.lifetime: browser; sessions end after session.idle_timeout and max_lifetime too");
    } else {
      put(session, "idle_timeout", lifetime);
      put(session, "max_lifetime", lifetime);
      context_.differs(
          "cookie_expire",
          "session.max_lifetime, from the sign-in on; there each refresh began it anew. idle_timeout is as long");
    }
    const std::string refresh = duration_of(options_.text("cookie_refresh"));
    if (!refresh.empty() && refresh != "0s") put(session, "revalidate", refresh);
    context_.differs("cookie_refresh",
                     "session.revalidate: how often Logto is asked; tokens are refreshed when they expire");
  }

  void cookie(Node& session) {
    const std::string name = options_.text("cookie_name");
    const bool is_bound = name.substr(0, 7) == "__Host-" || name.substr(0, 9) == "__Secure-";
    if (!name.empty() && !is_bound && is_token(name)) put(map_in(session, "cookie"), "name", name);
    if (is_bound) context_.differs("cookie_name", "null, which is __Host-logto_session on https");
    context_.taken("cookie_name", "session.cookie.name; what is in the old cookies is not understood");
    const std::string same_site = ascii_lower(options_.text("cookie_samesite"));
    if (same_site == "none") put(map_in(session, "cookie"), "same_site", same_site);
    if (same_site == "strict") context_.differs("cookie_samesite", "lax: strict cannot work with a sign-in elsewhere");
    context_.taken("cookie_samesite", "session.cookie.same_site, lax unless none");
    if (const std::string domain = cookie_domain(); !domain.empty()) put(map_in(session, "cookie"), "domain", domain);
    if (cookie_domain().empty()) context_.differs("cookie_domains", "null: the host of redirect_url is not below it");
    if (options_.list("cookie_domains").size() > 1)
      context_.differs("cookie_domains", "session.cookie.domain, which is one: the first");
    context_.taken("cookie_domains", "session.cookie.domain");
    context_.differs("cookie_secure", "Secure wherever external_urls has https://");
    const bool script_reads = !options_.flag("cookie_httponly", true);
    if (script_reads) context_.unsupported("cookie_httponly", "the session cookie is HttpOnly; scripts ask /_auth/me");
    context_.taken("cookie_httponly", "always");
    if (options_.text("cookie_path") != "/") context_.unsupported("cookie_path", "the session is for the whole origin");
    context_.taken("cookie_path", "/");
  }

  void redis() {
    const std::string url = options_.text("redis_connection_url");
    if (!url.empty()) redis_url(url);
    context_.taken("redis_connection_url", "redis.url");
    if (options_.has("redis_password")) put(map_in(context_.root, "redis"), "password", variable("REDIS_PASSWORD"));
    context_.differs("redis_password", "not copied: put it into REDIS_PASSWORD");
    context_.differs(
        "redis_ca_path",
        "name the file in redis.ca_file; it is not copied, because it must be there when the configuration is checked");
    context_.taken("redis_username", "in redis.url");
  }

  void redis_url(const std::string& written) {
    const auto scheme = written.find("://"), at = written.rfind('@');
    std::string url = written;
    bool has_password = false;
    if (scheme != std::string::npos && at != std::string::npos && at > scheme) {
      const std::string user = written.substr(scheme + 3, at - scheme - 3);
      has_password = user.find(':') != std::string::npos;
      const std::string name = user.substr(0, user.find(':'));
      url = written.substr(0, scheme + 3) + (name.empty() ? "" : name + "@") + written.substr(at + 1);
    } else if (const auto name = options_.text("redis_username"); !name.empty() && scheme != std::string::npos) {
      url = written.substr(0, scheme + 3) + name + "@" + written.substr(scheme + 3);
    }
    RedisSettings settings;
    const bool good = parse_redis_url(url, settings).ok();
    put(map_in(context_.root, "redis"), "url", good ? url : variable("REDIS_URL"));
    if (has_password && !options_.has("redis_password"))
      put(map_in(context_.root, "redis"), "password", variable("REDIS_PASSWORD"));
    if (!good) context_.differs("redis_connection_url", "put redis://HOST:PORT/DB into REDIS_URL");
    if (has_password)
      context_.differs("redis_connection_url", "redis.url, without the password: put it into REDIS_PASSWORD");
  }

  void extras() {
    if (has_usable_prefix()) extras_.oauth2_auth = prefix() + std::string(kOauth2Auth);
    extras_.answers_401 = options_.flag("force_json_errors", false);
    context_.taken("force_json_errors", "unauthenticated: 401");
    extras_.preflight = options_.flag("skip_auth_preflight", false);
    context_.differs("skip_auth_preflight",
                     "routes[].preflight: CORS preflights pass without a session, other OPTIONS requests do not");
    extras_.keeps_encoded_slash = alpha_ != nullptr && alpha_->proxy_raw_path;
    if (extras_.keeps_encoded_slash)
      context_.note(Outcome::taken, "upstreamConfig.proxyRawPath", "encoded_slash: keep");
    const bool at_once = options_.flag("skip_provider_button", false);
    if (at_once) context_.taken("skip_provider_button", "navigations go to Logto at once");
    context_.differs("skip_provider_button", "navigations go to Logto at once: there is no page with a button before");
  }

  std::string prefix() const {
    std::string prefix = options_.has("proxy_prefix") ? options_.text("proxy_prefix") : "/oauth2";
    while (prefix.size() > 1 && prefix.back() == '/') prefix.pop_back();
    return prefix;
  }

  // As our own keys for paths take it.
  static bool is_plain_path(const std::string& path) {
    return path.starts_with('/') && !path.ends_with('/') && path.find('*') == std::string::npos &&
           check_normal_path(path).ok();
  }

  bool has_usable_prefix() const { return is_plain_path(prefix()); }

  // Apps and proxies that know /oauth2/... go on with it. A proxy in front that forwards nothing else of ours gets all
  // of our endpoints there.
  void endpoints(bool only_asked) {
    Node& forward = map_in(context_.root, "forward_auth");
    put(forward, "enabled", "true");
    if (!has_usable_prefix()) {
      return context_.unsupported("proxy_prefix",
                                  "no path below which endpoints can be: oauth2-proxy's are not served, ours are below "
                                  "/_auth, under the names in the manual, section 5");
    }
    put(forward, "oauth2_proxy", prefix() == kOauth2Prefix ? "true" : prefix());
    const bool shares_ours = is_below(prefix(), kOwnPrefix) || is_below(kOwnPrefix, prefix());
    if (only_asked || shares_ours) put(context_.root, "auth_prefix", prefix());
    if (!only_asked && !shares_ours && is_asked_beside_apps()) {
      context_.note(Outcome::to_do, "(auth_prefix)",
                    "apps get requests through here, so auth_prefix is /_auth. If another proxy asks " +
                        extras_.oauth2_auth + " and sends only " + prefix() +
                        "/ here, /_auth/signed-out and the like do not arrive: write auth_prefix: " + prefix() +
                        ", and register the URIs of Logto with it");
    }
    context_.taken("proxy_prefix", "forward_auth.oauth2_proxy serves " + extras_.oauth2_auth +
                                       ", start, sign_in, sign_out, userinfo and callback");
  }

  // ---- what probes and crawlers ask for, which is there whatever the file says ----

  std::string path_or(std::string_view option, std::string otherwise) const {
    return options_.has(option) ? options_.text(option) : std::move(otherwise);
  }

  // Empty: nothing is answered there, as an empty option says, or as it must be.
  std::string probe_path(std::string_view option, const std::string& path) {
    if (path.empty()) return path;
    const bool is_ours = (has_usable_prefix() && is_below(path, prefix())) ||
                         is_below(path, text_of_root("auth_prefix", std::string(kOwnPrefix)));
    if (is_plain_path(path) && !is_ours) return path;
    context_.note(Outcome::unsupported, std::string(option) + " " + path,
                  "no path that can be answered to anybody: let health checks ask /healthz or /readyz on admin.listen");
    return "";
  }

  std::string text_of_root(std::string_view key, std::string otherwise) const {
    const Node* found = context_.root.find(key);
    return found == nullptr ? otherwise : found->text;
  }

  std::vector<std::string> ping_paths(bool is_gcp) {
    std::vector<std::string> all;
    if (const auto path = probe_path("ping_path", path_or("ping_path", "/ping")); !path.empty()) all.push_back(path);
    if (is_gcp) all.insert(all.end(), {"/liveness_check", "/readiness_check"});
    return all;
  }

  std::vector<std::string> ping_user_agents(bool is_gcp) const {
    std::vector<std::string> all;
    if (const auto agent = options_.text("ping_user_agent"); !agent.empty()) all.push_back(agent);
    if (is_gcp) all.emplace_back("GoogleHC/1.0");
    return all;
  }

  void health() {
    const bool is_gcp = options_.flag("gcp_healthchecks", false);
    const auto pings = ping_paths(is_gcp), agents = ping_user_agents(is_gcp);
    const auto ready = probe_path("ready_path", path_or("ready_path", "/ready"));
    Node& health = map_in(context_.root, "health");
    if (!pings.empty()) put(health, "ping", pings);
    if (!pings.empty() && !agents.empty()) put(health, "ping_user_agents", agents);
    if (!ready.empty() && !is_one_of(ready, pings)) put(health, "ready", std::vector<std::string>{ready});
    put(health, "robots_txt", "true");
    context_.taken("ping_path", "health.ping");
    context_.taken("ready_path", "health.ready, which does not ask Redis: 503 from SIGTERM on");
    context_.taken("ping_user_agent", "health.ping_user_agents: no other User-Agent is answered at health.ping");
    context_.taken("gcp_healthchecks", is_gcp ? "health.ping and health.ping_user_agents" : "off");
    context_.note(Outcome::taken, "/ping, /ready, /robots.txt",
                  "health: GET and HEAD are answered under any Host, without a session and without a route. Where an "
                  "app is to answer one, take it out there");
  }

  // These options are about answers to another proxy.
  bool is_asked_beside_apps() const {
    return options_.flag("set_xauthrequest", false) || options_.flag("set_authorization_header", false);
  }

  // Refreshes bring new ones; without, an ID token is an hour old and then gone.
  void keep_id_tokens() {
    std::vector<Node> all = extras_.authorization;
    all.insert(all.end(), extras_.check_authorization.begin(), extras_.check_authorization.end());
    const bool asked =
        std::any_of(all.begin(), all.end(), [](const Node& one) { return one.find("bearer") != nullptr; });
    Node& logto = map_in(context_.root, "logto");
    if (!asked || logto.find("refresh") != nullptr) return;
    put(logto, "refresh", "offline_access");
    context_.note(Outcome::differs, "(logto.refresh)",
                  "offline_access, because ID tokens are sent on and only refreshes bring new ones: sessions then hold "
                  "a refresh token that outlives the one at Logto");
  }

  void bearer() {
    if (!options_.flag("skip_jwt_bearer_tokens", false)) {
      context_.taken("skip_jwt_bearer_tokens", "accept: [session], the default");
      context_.taken("extra_jwt_issuers", "without effect there: skip_jwt_bearer_tokens is off");
      context_.taken("oidc_extra_audiences", "the audience of ID tokens is the app's id");
      return;
    }
    extras_.accepts_bearer = true;
    Node& bearer = map_in(context_.root, "bearer");
    auto audiences = options_.list("oidc_extra_audiences");
    Node issuers = extra_issuers(audiences);
    if (audiences.empty() && issuers.items.empty()) audiences.push_back(variable("API_RESOURCE"));
    if (!audiences.empty()) put(bearer, "audiences", audiences);
    if (!issuers.items.empty()) put(bearer, "issuers", std::move(issuers));
    context_.differs("skip_jwt_bearer_tokens",
                     "accept: [session, bearer]. ID tokens are not believed, only Logto's access tokens (at+jwt) "
                     "for an API resource: put its indicator into bearer.audiences");
    context_.taken("extra_jwt_issuers", "bearer.issuers");
    context_.differs("oidc_extra_audiences", "bearer.audiences, of access tokens");
  }

  // ISSUER=AUDIENCE, comma-separated. Logto's own audiences go to `audiences`.
  Node extra_issuers(std::vector<std::string>& audiences) {
    const std::string own = map_in(context_.root, "logto").find("endpoint")->text + "/oidc";
    std::vector<std::pair<std::string, std::vector<std::string>>> issuers;
    for (const auto& pair : options_.list("extra_jwt_issuers")) {
      const auto equals = pair.find('=');
      const std::string issuer = pair.substr(0, equals);
      const auto url = parse_url(issuer);
      if (equals == std::string::npos || !url || !url->origin.is_https()) {
        context_.note(Outcome::unsupported, "extra_jwt_issuers " + pair, "expected https://ISSUER=AUDIENCE");
        continue;
      }
      const auto known =
          std::find_if(issuers.begin(), issuers.end(), [&](const auto& one) { return one.first == issuer; });
      auto& list = issuer == own            ? audiences
                   : known == issuers.end() ? issuers.emplace_back(issuer, std::vector<std::string>{}).second
                                            : known->second;
      list.push_back(pair.substr(equals + 1));
    }
    Node nodes = yaml_list();
    for (auto& [issuer, list] : issuers) {
      Node node = yaml_map();
      put(node, "issuer", issuer);
      put(node, "audiences", std::move(list));
      nodes.items.push_back(std::move(node));
    }
    return nodes;
  }

  void logs() {
    if (!options_.flag("request_logging", true)) put(map_in(context_.root, "access_log"), "output", "off");
    context_.taken("request_logging", "access_log.output");
  }

  ImportContext context_;
  const SourceOptions& options_;
  const OAuth2ProxyAlpha* alpha_;
  const FileReader& read_file_;
  RouteExtras extras_;
};

}  // namespace

Imported import_oauth2_proxy(const SourceOptions& options, const OAuth2ProxyAlpha* alpha, const FileReader& read_file) {
  return Import(options, alpha, read_file).run();
}

}  // namespace lp
