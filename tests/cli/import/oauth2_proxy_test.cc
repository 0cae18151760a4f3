#include "cli/import/oauth2_proxy.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "base/one_of.h"
#include "cli/import/oauth2_proxy_options.h"
#include "cli/import/other_files.h"
#include "cli/import/toml.h"
#include "config/file/load.h"

namespace lp {
namespace {

const FileReader kNoFiles = [](const std::string& path) -> Result<std::string> { return fail(path + ": none"); };

Imported import(const std::string& toml, const FileReader& files = kNoFiles) {
  SourceOptions options;
  const auto read = read_oauth2_proxy_toml(toml, options);
  REQUIRE_MESSAGE(read.ok(), read.error().message);
  return import_oauth2_proxy(options, nullptr, files);
}

Imported import_alpha(const std::string& yaml) {
  SourceOptions options;
  const auto alpha = read_oauth2_proxy_alpha(yaml, "alpha.yaml", options);
  REQUIRE_MESSAGE(alpha.ok(), alpha.error().message);
  return import_oauth2_proxy(options, &*alpha, kNoFiles);
}

// The value at a path such as "session.max_lifetime" or "routes.1.path", written as YAML; "" where there is none. The
// route /oauth2/auth, if it is there, does not count.
std::string at(const Imported& imported, std::string path) {
  Imported copy = imported;
  auto& routes = map_in(copy.config, "routes").items;
  if (!routes.empty() && routes.front().find("path")->text == "/oauth2/auth") routes.erase(routes.begin());
  const Node* node = &copy.config;
  for (path += "."; node != nullptr && !path.empty(); path.erase(0, path.find('.') + 1)) {
    const std::string key = path.substr(0, path.find('.'));
    if (node->is_list()) {
      const auto index = static_cast<std::size_t>(std::stoi(key));
      node = index < node->items.size() ? &node->items[index] : nullptr;
    } else {
      node = node->find(key);
    }
  }
  if (node == nullptr) return "";
  Node root = yaml_map();
  put(root, "v", *node);
  std::string text = write_imported(root);
  text.pop_back();
  return text.substr(text.find(':') + 1).substr(text.find(": ") == 1 ? 1 : 0);
}

std::string outcome(const Imported& imported, const std::string& option) {
  for (const auto& one : imported.findings) {
    if (one.option != option) continue;
    static constexpr const char* kNames[] = {"taken", "differs", "unsupported", "unknown", "to do"};
    return kNames[static_cast<int>(one.outcome)];
  }
  return "";
}

struct Row {
  const char* toml;
  const char* path;
  const char* value;
};

const Row kOneOption[] = {
    {"redirect_url = 'https://app.example.com/oauth2/callback'", "external_urls", "[https://app.example.com]"},
    {"", "external_urls", "[\"${EXTERNAL_URL}\"]"},
    {"http_address = ':4180'", "listen", "0.0.0.0:4180"},
    {"", "listen", "127.0.0.1:4180"},
    {"cookie_expire = '24h'", "session.max_lifetime", "1d"},
    {"cookie_expire = '24h'", "session.idle_timeout", "1d"},
    {"", "session.max_lifetime", "7d"},
    {"cookie_expire = '0'", "session.max_lifetime", ""},
    {"cookie_expire = '0'", "session.cookie.lifetime", "browser"},
    {"cookie_refresh = '1h'", "session.revalidate", "1h"},
    {"cookie_name = '_wiki'", "session.cookie.name", "_wiki"},
    {"cookie_name = '__Host-wiki'", "session.cookie.name", ""},
    {"cookie_samesite = 'none'", "session.cookie.same_site", "none"},
    {"cookie_samesite = 'strict'", "session.cookie.same_site", ""},
    {"cookie_domains = ['.example.com']", "session.cookie.domain", "example.com"},
    {"email_domains = ['example.com']", "routes.0.require.email_domain", "[example.com]"},
    {"email_domains = ['example.com']", "logto.trust_email", "true"},
    {"email_domains = ['*']", "routes.0.require.claims.email.regex", "\".+\""},
    {"email_domains = ['*']", "routes.0.require.not.claims.email_verified", "false"},
    {"email_domains = ['*']\ninsecure_oidc_allow_unverified_email = true", "routes.0.require.not", ""},
    {"email_domains = ['*']\nskip_jwt_bearer_tokens = true", "routes.0.require.any.1.claims.client_id.exists", "true"},
    {"email_domains = ['*']\noidc_email_claim = 'upn'", "routes.0.require.claims.upn.regex", "\".+\""},
    {"email_domains = ['*']\noidc_email_claim = 'upn'", "logto.trust_email", ""},
    {"email_domains = ['a.test']\nuser_id_claim = 'upn'", "routes.0.require.claims.upn.regex",
     "\"(?i)[^@]+@a\\\\.test\""},
    {"", "routes.0.require.roles", "[\"${ALLOWED_ROLE}\"]"},
    {"email_domains = ['@example.com']", "routes.0.require.roles", "[\"${ALLOWED_ROLE}\"]"},
    {"email_domains = 'a.test, b.test'", "routes.0.require.email_domain", "[a.test]"},
    {"email_domains = []", "routes.0.require.roles", "[\"${ALLOWED_ROLE}\"]"},
    {"email_domains = ['.example.com']", "routes.0.require.claims.email.regex",
     "\"(?i)[^@]+@[^@]+\\\\.example\\\\.com\""},
    {"allowed_groups = ['admin', 'staff']", "routes.0.require.all.2.roles", "[\"${ALLOWED_ROLE}\"]"},
    {"email_domains = ['*']\nallowed_groups = ['admin', 'staff']", "routes.0.require.roles", "[admin, staff]"},
    {"email_domains = ['*']\nauthenticated_emails_file = 'x'", "routes.0.require.email", ""},
    {"email_domains = ['*']\nallowed_groups = ['a']\ngithub_org = 'acme'", "routes.0.require.all.3.roles",
     "[\"${ALLOWED_ROLE}\"]"},
    {"email_domains = ['*']\nallowed_groups = ['a']\ngoogle_groups = ['b']", "routes.0.require.all.2.roles", "[a]"},
    {"email_domains = ['*']\nallowed_groups = ['a']\ngoogle_groups = ['b']", "routes.0.require.all.3.roles", "[b]"},
    {"email_domains = ['*']\nprovider = 'keycloak-oidc'\nallowed_groups = ['a']\nallowed_roles = ['b']",
     "routes.0.require.roles", "[a, b]"},
    {"email_domains = ['*']\noidc_issuer_url = 'https://t.logto.app/oidc'\noidc_groups_claim = "
     "'organizations'\nallowed_groups = ['a']",
     "routes.0.require.all.2.claims.organizations.contains", "[a]"},
    {"email_domains = ['*']\nallowed_groups = []", "routes.0.require.roles", ""},
    {"email_domains = ['*']\nazure_tenant = 'common'", "routes.0.require.roles", ""},
    {"email_domains = ['*']\ngithub_org = 'acme'", "routes.0.require.roles", "[\"${ALLOWED_ROLE}\"]"},
    {"authenticated_emails_file = 'x'", "routes.0.require.email", "[\"${ALLOWED_EMAIL}\"]"},
    {"reverse_proxy = true", "trusted_proxies", "[\"${TRUSTED_PROXY:-127.0.0.1}\"]"},
    {"reverse_proxy = true\ntrusted_proxy_ips = ['10.0.0.0/8']", "trusted_proxies", "[10.0.0.0/8]"},
    {"upstreams = ['http://a:1']", "trusted_proxies", ""},
    {"session_store_type = 'redis'", "session.store", "redis"},
    {"redis_connection_url = 'redis://:pw@r:6379/2'", "redis.url", "redis://r:6379/2"},
    {"redis_connection_url = 'redis://:pw@r:6379/2'", "redis.password", "\"${REDIS_PASSWORD}\""},
    {"redis_connection_url = 'redis://r:6379'\nredis_username = 'u'", "redis.url", "redis://u@r:6379"},
    {"oidc_issuer_url = 'https://t.logto.app/oidc'\nclient_id = 'abc'", "logto.app_id", "abc"},
    {"oidc_issuer_url = 'https://dex.example/dex'\nclient_id = 'abc'", "logto.app_id", "\"${LOGTO_APP_ID}\""},
    {"scope = 'openid email groups offline_access read:org'", "logto.scopes", "[email, roles]"},
    {"scope = 'openid email groups offline_access read:org'", "logto.refresh", "offline_access"},
    {"prompt = 'login'", "logto.sign_in.prompt", "login"},
    {"prompt = 'select_account'", "logto.sign_in", ""},
    {"", "forward_auth.oauth2_proxy", "true"},
    {"proxy_prefix = '/sso'", "auth_prefix", "/sso"},
    {"proxy_prefix = '/sso'", "forward_auth.oauth2_proxy", "/sso"},
    {"proxy_prefix = '/sso/'\nupstreams = ['http://a:1']", "forward_auth.oauth2_proxy", "/sso"},
    {"proxy_prefix = '/sso'\nupstreams = ['http://a:1']", "auth_prefix", ""},
    {"proxy_prefix = '/_auth/x'\nupstreams = ['http://a:1']", "auth_prefix", "/_auth/x"},
    {"proxy_prefix = '/'", "forward_auth.oauth2_proxy", ""},
    {"", "health.ping", "[/ping]"},
    {"", "health.ready", "[/ready]"},
    {"", "health.robots_txt", "true"},
    {"ping_path = '/healthz'\nready_path = '/readyz'", "health.ping", "[/healthz]"},
    {"ping_path = '/healthz'\nready_path = '/readyz'", "health.ready", "[/readyz]"},
    {"ping_path = ''", "health.ping", ""},
    {"ready_path = ''", "health.ready", ""},
    {"ping_path = '/up'\nready_path = '/up'", "health.ready", ""},
    {"ping_path = '/'", "health.ping", ""},
    {"ping_path = '/oauth2/auth'", "health.ping", ""},
    {"ready_path = '/a/../b'", "health.ready", ""},
    {"ready_path = '/ready/*'", "health.ready", ""},
    {"ready_path = '/_auth/ready'\nupstreams = ['http://a:1']", "health.ready", ""},
    {"ready_path = '/_auth/ready'\nupstreams = ['static://202']", "health.ready", "[/_auth/ready]"},
    {"proxy_prefix = ''", "health.ping", "[/ping]"},
    {"proxy_prefix = ''", "forward_auth.oauth2_proxy", ""},
    {"proxy_prefix = '/a*'", "forward_auth.oauth2_proxy", ""},
    {"proxy_prefix = '/a/../b'", "forward_auth.oauth2_proxy", ""},
    {"proxy_prefix = 'sso'", "forward_auth.oauth2_proxy", ""},
    {"ping_user_agent = 'probe/1'", "health.ping_user_agents", "[probe/1]"},
    {"ping_user_agent = 'probe/1'\nping_path = ''", "health.ping_user_agents", ""},
    {"gcp_healthchecks = true", "health.ping", "[/ping, /liveness_check, /readiness_check]"},
    {"gcp_healthchecks = true", "health.ping_user_agents", "[GoogleHC/1.0]"},
    {"prefer_email_to_user = true", "identity_headers.X-Forwarded-User.claim", "email"},
    {"prefer_email_to_user = true", "identity_headers.X-Forwarded-Email", ""},
    {"prefer_email_to_user = true\nuser_id_claim = 'username'", "identity_headers.X-Forwarded-User.claim", "username"},
    {"proxy_prefix = '/'", "auth_prefix", ""},
    {"upstreams = ['file:///dev/null']", "upstreams", ""},
    {"upstreams = ['file:///dev/null']", "routes.0.path", "/*"},
    {"upstreams = ['file:///dev/null']", "auth_prefix", "/oauth2"},
    {"upstreams = ['http://a:1']\nskip_jwt_bearer_tokens = true\npass_authorization_header = true",
     "routes.0.headers.Authorization", "\"~ (?i:Bearer) ey.*\""},
    {"upstreams = ['http://a:1']\nskip_jwt_bearer_tokens = true\npass_authorization_header = true", "routes.0.accept",
     "bearer"},
    {"upstreams = ['http://a:1']\nskip_jwt_bearer_tokens = true\npass_authorization_header = true",
     "routes.0.authorization", ""},
    {"upstreams = ['http://a:1']\nskip_jwt_bearer_tokens = true\npass_authorization_header = true",
     "routes.1.authorization.bearer", "id_token"},
    {"upstreams = ['http://a:1']\nset_authorization_header = true", "routes.0.authorization", ""},
    {"reverse_proxy = true\nreal_client_ip_header = 'X-Forwarded-For'\nupstreams = ['http://a:1']\ntrusted_ips = "
     "['10.0.0.0/8']",
     "routes.0.networks", "[10.0.0.0/8]"},
    {"reverse_proxy = true\nreal_client_ip_header = 'X-Forwarded-For'\nupstreams = ['http://a:1']\ntrusted_ips = "
     "['10.0.0.0/8', '127.0.0.0/8', '10.9.0.0/16']\ntrusted_proxy_ips = ['10.0.0.7']",
     "routes.0.networks", "[127.0.0.0/8, 10.9.0.0/16]"},
    {"reverse_proxy = true\nreal_client_ip_header = 'X-Forwarded-For'\nupstreams = ['http://a:1']\ntrusted_ips = "
     "['127.0.0.0/8']",
     "routes.0.networks", ""},
    {"upstreams = ['http://a:1']\ntrusted_ips = ['10.0.0.0/8']", "routes.0.headers", ""},
    {"pass_user_headers = false\npass_basic_auth = false", "identity_headers", "{}"},
    {"upstreams = ['http://a:1']\nbasic_auth_password = 'hunter2'", "routes.0.authorization.basic.password",
     "\"${BASIC_AUTH_PASSWORD}\""},
    {"upstreams = ['http://a:1']\npass_authorization_header = true", "routes.0.authorization.bearer", "id_token"},
    {"pass_authorization_header = true", "routes.0.authorization", ""},
    {"set_authorization_header = true", "routes.0.authorization.bearer", "id_token"},
    {"set_authorization_header = true", "logto.refresh", "offline_access"},
    {"skip_jwt_bearer_tokens = true", "routes.0.accept", "[session, bearer]"},
    {"skip_jwt_bearer_tokens = true", "bearer.audiences", "[\"${API_RESOURCE}\"]"},
    {"skip_jwt_bearer_tokens = true\nextra_jwt_issuers = 'https://i.example=api'", "bearer.issuers.0.issuer",
     "https://i.example"},
    {"skip_auth_preflight = true", "routes.0.preflight", "true"},
    {"force_json_errors = true", "routes.0.unauthenticated", "401"},
    {"request_logging = false", "access_log.output", "off"},
    {"metrics_address = '0.0.0.0:9100'", "admin.listen", "0.0.0.0:9100"},
    {"upstreams = ['http://wiki.internal:3000']", "upstreams.wiki.url", "http://wiki.internal:3000"},
    {"upstreams = ['http://wiki:1']\npass_host_header = false", "upstreams.wiki.host", "upstream"},
    {"upstreams = ['http://wiki:1']", "upstreams.wiki.response_timeout", "30s"},
    {"upstreams = ['unix:///run/x.sock']", "upstreams.app.url", "unix:/run/x.sock"},
    {"upstreams = ['https://wiki.example.com']", "upstreams.wiki.url", "https://wiki.example.com"},
    {"upstreams = ['file:///srv/www/#/static/']", "routes.0.path", "/static/*"},
    {"upstreams = ['file:///srv/www/#/static/']", "routes.0.strip_prefix", "/static"},
    {"upstreams = ['file:///srv/www/#/static/']", "routes.0.static", "/srv/www/"},
    {"upstreams = ['file:///srv/www/#/static/']", "upstreams", ""},
    {"upstreams = ['file:///srv/www/#/']", "routes.0.strip_prefix", ""},
    {"upstreams = ['file:///srv/www/']", "routes.0.path", "/srv/www/*"},
    {"upstreams = ['file:///srv/www/']", "routes.0.strip_prefix", "/srv/www"},
    {"upstreams = ['http://a:1']\nreverse_proxy = true", "client_ip_header", ""},
    {"upstreams = ['http://a:1']\nreverse_proxy = true\ntrusted_ips = ['10.0.0.0/8']", "client_ip_header", "X-Real-IP"},
    {"upstreams = ['http://a:1']\nreverse_proxy = true\nreal_client_ip_header = 'cf-connecting-ip'", "client_ip_header",
     "CF-Connecting-IP"},
    {"upstreams = ['http://a:1']\nreal_client_ip_header = 'CF-Connecting-IP'", "client_ip_header", ""},
    {"upstreams = ['http://a:1']\nreverse_proxy = true\nreal_client_ip_header = 'X-Forwarded-For'", "client_ip_header",
     ""},
    {"upstreams = ['http://a:1']\nreverse_proxy = true\nreal_client_ip_header = 'X-Odd'\ntrusted_ips = ['10.0.0.0/8']",
     "client_ip_header", ""},
    {"upstreams = ['http://a:1']\nreverse_proxy = true\nreal_client_ip_header = 'X-Odd'\ntrusted_ips = ['10.0.0.0/8']",
     "routes.0.networks", ""},
    {"upstreams = ['http://a:1']\nreverse_proxy = true\ntrusted_ips = ['10.0.0.0/8', '127.0.0.0/8']",
     "routes.0.networks", "[10.0.0.0/8]"},
    {"upstreams = ['static://404']", "routes", "[]"},
    {"upstreams = ['static://404']\nreverse_proxy = true\nskip_auth_routes = ['^/x']", "routes.0.access", "deny"},
    {"upstreams = ['static://202']", "upstreams", ""},
    {"upstreams = ['static://202']", "routes.0.upstream", ""},
    {"upstreams = ['static://202']", "auth_prefix", "/oauth2"},
    {"upstreams = ['http://a:1']", "auth_prefix", ""},
    {"pass_authorization_header = true", "logto.refresh", "offline_access"},
    {"redirect_url = 'https://a.test/x'\ncookie_domains = '.b.test'", "session.cookie", ""},
    {"skip_jwt_bearer_tokens = true\nextra_jwt_issuers = 'https://i.test=a,https://i.test=b,http://j.test=c'",
     "bearer.issuers.0.audiences", "[a, b]"},
    {"skip_jwt_bearer_tokens = true\nextra_jwt_issuers = 'https://i.test=a,http://j.test=c'", "bearer.issuers.1", ""},
    {"skip_jwt_bearer_tokens = true\nextra_jwt_issuers = 'https://t.test/oidc=a'\noidc_issuer_url = "
     "'https://t.test/oidc'",
     "bearer.audiences", "[a]"},
};

TEST_CASE("one option, one value of ours") {
  for (const auto& row : kOneOption) {
    INFO(std::string(row.toml), ": ", std::string(row.path));
    CHECK(at(import(row.toml), row.path) == std::string(row.value));
  }
}

// "PATH METHODS ACCESS UPSTREAM 401" of each route.
std::string routes_of(const Imported& imported) {
  std::string out;
  for (const Node& route : imported.config.find("routes")->items) {
    if (route.find("path")->text == "/oauth2/auth") continue;
    const auto word = [&](const char* key) {
      return route.find(key) == nullptr ? std::string("-") : route.find(key)->text;
    };
    const Node* methods = route.find("methods");
    out += word("path") + "|" + (methods == nullptr ? "" : methods->items.front().text) + "|" + word("access") + "|" +
           word("upstream") + (route.find("unauthenticated") == nullptr ? "" : "|401") +
           (route.find("networks") == nullptr ? "" : "|networks") + "\n";
  }
  return out;
}

TEST_CASE("routes: what is open, what is for scripts, and the rest, app by app, the longest path first") {
  struct Case {
    const char* toml;
    const char* routes;
  };
  const Case cases[] = {
      {"upstreams = ['http://w/']\nskip_auth_routes = ['GET=^/robots\\.txt$', '^/static/']",
       "/robots.txt|GET|optional|w\n~ /static/.*||optional|w\n/*||-|w\n"},
      {"upstreams = ['http://w/']\nskip_auth_regex = ['^/a=b$']", "/a=b||optional|w\n/*||-|w\n"},
      {"upstreams = ['http://w/', 'http://api/api/']\nskip_auth_routes = ['^/api/open/', '\\.css$']\napi_routes = "
       "['^/api/']",
       "~ /api/open/.*||optional|api\n~ /api/.*\\.css||optional|api\n~ /api/.*||-|api|401\n/api/*||-|api\n"
       "~ .*\\.css||optional|w\n/*||-|w\n"},
      {"upstreams = ['http://w/']\nskip_auth_routes = ['!=^/admin']", "~ /admin.*||-|w\n/*||optional|w\n"},
      {"upstreams = ['http://w/']\nskip_auth_routes = ['get!=^/admin']",
       "~ /admin.*||-|w\n/*|GET|optional|w\n/*||-|w\n"},
      {"upstreams = ['http://w/', 'http://x/p/']\nskip_auth_routes = ['!=^/.*\\.png$']",
       "~ /p/.*\\.png||-|x\n/p/*||optional|x\n~ /.*\\.png||-|w\n/*||optional|w\n"},
      {"upstreams = ['http://w/', 'http://x/p/']\nskip_auth_routes = ['!=^/[a-z]+\\.png$']",
       "/p/*||-|x\n~ /[a-z]+\\.png||-|w\n/*||optional|w\n"},
      {"upstreams = ['http://w/', 'http://p/prom/']\nskip_auth_regex = ['/public/.*\\.css$|^/health$']",
       "~ /prom/(?:.*/public/.*\\.css|public/.*\\.css)||optional|p\n/prom/*||-|p\n"
       "~ .*/public/.*\\.css||optional|w\n/health||optional|w\n/*||-|w\n"},
      {"upstreams = ['http://w/']\nreverse_proxy = true\ntrusted_ips = ['10.0.0.0/8']",
       "/*||optional|w|networks\n/*||-|w\n"},
      {"upstreams = ['http://w/']\nreverse_proxy = true\nreal_client_ip_header = 'CF-Connecting-IP'\ntrusted_ips = "
       "['10.0.0.0/8']",
       "/*||optional|w|networks\n/*||-|w\n"},
      {"upstreams = ['static://202']\nskip_auth_routes = ['^/health$']", "/*||-|-\n"},
      {"upstreams = ['static://202']\nreverse_proxy = true\nskip_auth_routes = ['^/health$']",
       "/health||optional|-\n/*||-|-\n"},
      {"upstreams = ['static://202']\ntrusted_ips = ['10.0.0.0/8']", "/*||-|-\n"},
      {"upstreams = ['http://w/']\ntrusted_ips = ['10.0.0.0/8', 'nonsense']", "/*||optional|w|networks\n/*||-|w\n"},
      {"upstreams = ['http://w/', 'http://h/health']", "/health||-|h\n/*||-|w\n"},
      {"upstreams = ['http://w/']\nskip_auth_routes = ['^/(broken']", "/*||-|w\n"},
      {"upstreams = ['http://w/']\nskip_auth_routes = ['^/a=b$', 'POST,GET=^/c$', '^/x\\?y=1', 'a!=^/d', 'GET=^/e$']",
       "/e|GET|optional|w\n~ /d.*||-|w\n/*|A|optional|w\n/*||-|w\n"},
      {"upstreams = ['http://w/', 'http://p/prom/']\nskip_auth_regex = ['^/health$', '.*']",
       "/prom/*||optional|p\n/health||optional|w\n/*||optional|w\n"},
      {"upstreams = ['http://w/']\nskip_auth_routes = ['^/']\napi_routes = ['^/api']", "/*||optional|w\n"},
      {"upstreams = ['http://w/']\nskip_auth_regex = ['/']", "~ .*/.*||optional|w\n"},
      {"upstreams = ['http://w/']\nskip_auth_regex = ['^/a', '^/[^a]', '^/$']",
       "~ /a.*||optional|w\n~ /[^a].*||optional|w\n/||optional|w\n"},
      {"upstreams = ['http://p/prom/']\nreverse_proxy = true\nskip_auth_regex = ['^/prom/x$', '^/health$']",
       "/prom/x||optional|p\n/prom/*||-|p\n/health||optional|-\n"},
      {"upstreams = ['file:///dev/null', 'http://w/']", "/*||-|w\n"},
      {"upstreams = ['http://w/', 'file:///dev/null']", "/*||-|w\n"},
      {"upstreams = ['file:///dev/null']", "/*||-|-\n"},
      {"upstreams = ['http://p/prom/']\nskip_auth_regex = ['^/health$']", "/prom/*||-|p\n"},
      {"upstreams = ['http://w/']\nskip_auth_routes = ['GET=^/']", "/*|GET|optional|w\n/*||-|w\n"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.toml);
    CHECK(routes_of(import(one.toml)) == one.routes);
  }
}

TEST_CASE("e-mails of the file, with domains: one of both is enough") {
  const auto imported = import(
      "email_domains = 'example.com'\nauthenticated_emails_file = 'list'",
      [](const std::string&) -> Result<std::string> { return std::string("# us\na@x.example\r\n\nb@y.example,\n"); });
  CHECK(at(imported, "routes.0.require.any.0.email_domain") == "[example.com]");
  CHECK(at(imported, "routes.0.require.any.1.email") == "[a@x.example, b@y.example]");
}

TEST_CASE("a cookie for a domain: one origin signs in for all below it") {
  const auto imported = import(
      "redirect_url = 'https://auth.example.com/oauth2/callback'\ncookie_domains = '.example.com'\nupstreams = "
      "'static://200'");
  CHECK(at(imported, "external_urls") == "[https://auth.example.com, https://*.example.com]");
  CHECK(at(imported, "sign_in_url") == "https://auth.example.com");
  CHECK(at(imported, "session.cookie.domain") == "example.com");
  CHECK(at(imported, "trusted_proxies") == "[\"${TRUSTED_PROXY:-127.0.0.1}\"]");
}

TEST_CASE("a cookie for a domain: people return to what the whitelist names, as far as the session goes") {
  const auto imported = [](const char* host, const char* whitelist) {
    return import(
        "redirect_url = 'https://" + std::string(host) +
        "/oauth2/callback'\ncookie_domains = '.example.com'\nupstreams = 'static://200'\nwhitelist_domains = " +
        whitelist);
  };
  const struct {
    const char *host, *whitelist, *urls, *left_out;
  } cases[] = {
      {"auth.example.com", "'.example.com'", "[https://auth.example.com, https://*.example.com, https://example.com]",
       ""},
      {"auth.example.com", "'wiki.example.com'", "[https://auth.example.com, https://*.example.com]", ""},
      {"auth.example.com", "'wiki.example.com:8443'",
       "[https://auth.example.com, https://*.example.com, https://wiki.example.com:8443]", ""},
      {"auth.example.com", "['a.b.example.com', '*.c.example.com']",
       "[https://auth.example.com, https://*.example.com, https://a.b.example.com, https://*.c.example.com]", ""},
      {"auth.example.com", "'wiki.example.com:*'", "[https://auth.example.com, https://*.example.com]",
       "wiki.example.com:*"},
      {"auth.example.com", "['.other.test', 'notexample.com']", "[https://auth.example.com, https://*.example.com]",
       "notexample.com"},
      {"example.com", "'.example.com'", "[https://example.com, https://*.example.com]", ""},
  };
  for (const auto& one : cases) {
    CAPTURE(one.whitelist);
    const auto made = imported(one.host, one.whitelist);
    CHECK(at(made, "external_urls") == one.urls);
    CHECK(at(made, "sign_in_url") == "https://" + std::string(one.host));
    if (*one.left_out != '\0') CHECK(outcome(made, "whitelist_domains " + std::string(one.left_out)) == "unsupported");
  }
}

TEST_CASE("what nobody knows is listed, and each option is spoken of once") {
  const auto imported = import("no_such_option = 1\nbanner = 'x'\nCookie_HttpOnly = true\ncookie_secret = 's'");
  CHECK(outcome(imported, "no_such_option") == "unknown");
  CHECK(outcome(imported, "banner") == "unsupported");
  CHECK(outcome(imported, "Cookie_HttpOnly") == "taken");
  CHECK(outcome(imported, "cookie_secret") == "differs");
  CHECK(import_report(imported.findings, "oauth2-proxy")
            .find("Not known to this import, and left out (1):\n  no_such_option:") != std::string::npos);
}

TEST_CASE("no option of oauth2-proxy is unknown, whatever its value") {
  for (const char* value : {"\"\"", "true", "\"x\"", "[\"x\", \"y\"]"}) {
    std::string toml;
    for (const auto& option : oauth2_proxy_options()) toml += std::string(option.name) + " = " + value + "\n";
    CAPTURE(value);
    for (const auto& one : import(toml).findings) CHECK_MESSAGE(one.outcome != Outcome::unknown, one.option);
  }
}

// Whether only who has the role that the importer's reader must name can pass any route.
bool is_closed(const Imported& imported) {
  const auto& routes = imported.config.find("routes")->items;
  return std::all_of(routes.begin(), routes.end(), [](const Node& route) {
    Node root = yaml_map();
    const Node* require = route.find("require");
    if (require != nullptr) put(root, "require", *require);
    return write_imported(root).find("${ALLOWED_ROLE}") != std::string::npos;
  });
}

TEST_CASE("an option that restricts is translated or closes, and one that nobody knows closes; no other does") {
  const std::string open = "email_domains = ['*']\nupstreams = ['http://a:1']\n";
  CHECK_FALSE(is_closed(import(open)));
  using Effect = OAuth2ProxyOption::Effect;
  static constexpr std::string_view kTranslated[] = {"email_domains",  "authenticated_emails_file",
                                                     "allowed_groups", "allowed_roles",
                                                     "google_groups",  "google_group",
                                                     "gitlab_groups",  "keycloak_groups"};
  for (const auto& option : oauth2_proxy_options()) {
    if (is_one_of(option.name, {"email_domains", "upstreams"})) continue;
    CAPTURE(option.name);
    const auto one = import(open + std::string(option.name) + " = 'made-up-value'\n");
    const bool may_stay_open = option.effect != Effect::restricts || is_one_of(option.name, kTranslated);
    CHECK(is_closed(one) == !may_stay_open);
  }
  CHECK(is_closed(import(open + "of_a_later_version = 'x'\n")));
  CHECK(is_closed(import(open + "email_domain = 'x'\n")));
  CHECK(is_closed(import(open + "allowed-groups = 'x'\n")));
  CHECK_FALSE(is_closed(import(open + "bitbucket_workspace = ''\n")));
}

TEST_CASE("a translated restriction is on every route, that of /oauth2/auth included") {
  const auto imported = import("allowed_groups = ['admin']\nemail_domains = ['*']\nupstreams = ['static://202']");
  const auto& routes = imported.config.find("routes")->items;
  REQUIRE(routes.size() == 2);
  CHECK(routes.front().find("path")->text == "/oauth2/auth");
  for (const Node& route : routes) {
    REQUIRE(route.find("require") != nullptr);
    CHECK(route.find("require")->find("roles")->items.front().text == "admin");
  }
}

TEST_CASE(
    "variables that oauth2-proxy does not read open nothing, and close nothing where it is sure that it ignores them") {
  const auto with = [](const char* name, const char* value) {
    SourceOptions options;
    REQUIRE(read_oauth2_proxy_toml("email_domains = ['corp.com']\nupstreams = ['http://a:1']\n", options).ok());
    read_oauth2_proxy_environment({{name, value}}, options);
    return import_oauth2_proxy(options, nullptr, kNoFiles);
  };
  for (const auto& option : oauth2_proxy_options()) {
    if (option.flag.empty()) continue;
    const auto imported = with(("OAUTH2_PROXY_" + variable_name(option.flag)).c_str(), "*");
    if (find_oauth2_proxy_option(option.flag) != nullptr) continue;  // google_group, which is both
    CAPTURE(option.flag);
    CHECK(at(imported, "routes.0.require.email_domain") == "[corp.com]");
    CHECK(at(imported, "routes.1") == "");
    CHECK_FALSE(is_closed(imported));
    CHECK(outcome(imported, "OAUTH2_PROXY_" + variable_name(option.flag)) == "differs");
  }
  CHECK(is_closed(with("OAUTH2_PROXY_OF_A_LATER_VERSION", "x")));
  CHECK(is_closed(with("OAUTH2_PROXY_BITBUCKET_WORKSPACE", "acme")));
}

std::string said_of(const Imported& imported, const std::string& option) {
  for (const auto& one : imported.findings) {
    if (one.option == option) return one.text;
  }
  return "";
}

TEST_CASE("the report says what to do at Logto and in the proxy that asks, and only where it matters") {
  const std::string asked = "email_domains = ['*']\nreverse_proxy = true\nupstreams = ['static://202']\n";
  const std::string app = "email_domains = ['*']\nupstreams = ['http://a:1']\n";
  const std::string url = "redirect_url = 'https://a.test/oauth2/callback'\n";
  const struct {
    const char* what;
    std::string toml;
    const char* option;
    const char* text;  // a part of it; "" for: not said
  } cases[] = {
      {"the callback", app + url, "(Logto)", "redirect URI https://a.test/oauth2/callback,"},
      {"the end of a sign-out", app + url, "(Logto)", "https://a.test/_auth/signed-out"},
      {"the back channel", app + url, "(Logto)", "https://a.test/_auth/backchannel-logout"},
      {"below /oauth2", asked + url, "(Logto)", "https://a.test/oauth2/signed-out"},
      {"below another prefix", app + url + "proxy_prefix = '/sso'\n", "(Logto)", "URI https://a.test/sso/callback,"},
      {"and ours below ours", app + url + "proxy_prefix = '/sso'\n", "(Logto)", "https://a.test/_auth/signed-out"},
      {"all below another prefix", asked + url + "proxy_prefix = '/sso'\n", "(Logto)", "a.test/sso/signed-out"},
      {"a prefix that cannot be", app + url + "proxy_prefix = '/'\n", "(Logto)", "https://a.test/_auth/callback"},
      {"an origin that is not known", app, "(Logto)", "redirect URI {EXTERNAL_URL}/oauth2/callback"},
      {"rules for methods", asked + "skip_auth_routes = ['GET=^/health$']\n", "(X-Forwarded-Method)",
       "proxy_set_header X-Forwarded-Method $request_method;"},
      {"rules for methods, by !=", asked + "skip_auth_routes = ['POST!=^/a']\n", "(X-Forwarded-Method)",
       "unasked_rules"},
      {"preflights", asked + "skip_auth_preflight = true\n", "(X-Forwarded-Method)", "$request_method"},
      {"rules for paths alone", asked + "skip_auth_routes = ['^/health$']\n", "(X-Forwarded-Method)", ""},
      {"nobody is believed", app + "skip_auth_routes = ['GET=^/health$']\n", "(X-Forwarded-Method)", ""},
      {"another prefix", asked + "proxy_prefix = '/sso'\nskip_auth_routes = ['GET=^/health$']\n",
       "(X-Forwarded-Method)", "A proxy that asks /sso/auth must"},
      {"nginx's recipe below another prefix", asked + "proxy_prefix = '/sso'\n", "(nginx: error_page)",
       "write `error_page 401 = /sso/sign_in;`"},
      {"a prefix that cannot be, in nginx", asked + "proxy_prefix = '/'\n", "(nginx: error_page)", ""},
      {"an app beside, below another prefix", app + "set_xauthrequest = true\nproxy_prefix = '/sso'\n", "(auth_prefix)",
       "write auth_prefix: /sso"},
      {"nginx's recipe", asked, "(nginx: error_page)", "error_page 401 =403 /oauth2/sign_in;"},
      {"answers with tokens", asked + "set_authorization_header = true\n", "(forward_auth.secret)",
       "in X-Logto-Proxy-Check-Secret"},
      {"answers without", asked + "set_xauthrequest = true\n", "(forward_auth.secret)", ""},
      {"an app, and a proxy that asks", app + "set_xauthrequest = true\n", "(auth_prefix)", "auth_prefix: /oauth2"},
      {"an app alone", app, "(auth_prefix)", ""},
      {"a proxy that asks alone", asked + "set_xauthrequest = true\n", "(auth_prefix)", ""},
      {"probes", app, "(admin.listen)", ""},
      {"probes with nothing to ask", app + "ping_path = ''\nready_path = ''\n", "(admin.listen)", "127.0.0.1:9180"},
      {"probes that have an address", app + "metrics_address = '0.0.0.0:9100'\n", "(admin.listen)", ""},
  };
  for (const auto& one : cases) {
    CAPTURE(one.what);
    const auto imported = import(one.toml);
    CHECK(outcome(imported, one.option) == (one.text[0] == '\0' ? "" : "to do"));
    CHECK(said_of(imported, one.option).find(one.text) != std::string::npos);
  }
  CHECK(import_report(import(app).findings, "oauth2-proxy").find("Imported from oauth2-proxy.\n\nTo do (") == 0);
}

TEST_CASE("the report claims of the result what the result does") {
  const std::string app = "email_domains = ['*']\nupstreams = ['http://a:1']\n";
  const struct {
    std::string toml;
    const char* option;
    const char* text;
  } cases[] = {
      {"email_domains = ['a.test']\n", "email_domains", "on every route but those that are open"},
      {app + "allowed_groups = ['a']\n", "allowed_groups", "on every route but those that are open"},
      {app + "reverse_proxy = false\n", "reverse_proxy", "off: nobody is put under trusted_proxies"},
      {app + "reverse_proxy = true\n", "reverse_proxy", "put the address or range of yours into TRUSTED_PROXY"},
      {app + "trusted_proxy_ips = ['10.0.0.1']\n", "trusted_proxy_ips", "without effect there"},
      {app + "skip_auth_routes = ['!=^/nope']\napi_routes = ['^/api/']\n",
       "api_routes beside skip_auth_routes with !=", "stay protected"},
      {app + "pass_authorization_header = true\n", "(logto.refresh)", "offline_access"},
      {app + "scope = 'openid email offline_access'\n", "scope", "logto.refresh"},
      {app + "skip_auth_routes = ['^/a=b$']\n", "skip_auth_routes ^/a=b$", "opens nothing, as there"},
      {app + "skip_auth_regex = ['/']\n", "skip_auth_routes, skip_auth_regex",
       "nobody needs to sign in for /*, as there"},
      {"upstreams = ['static://404']\n", "upstreams static://404", "an answer of 404 to everything but checks"},
      {"upstreams = ['static://202']\nreverse_proxy = true\ntrusted_ips = ['10.0.0.0/8']\n", "trusted_ips",
       "where the proxy that asks says what it asks about"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.toml);
    CHECK(said_of(import(one.toml), one.option).find(one.text) != std::string::npos);
  }
  CHECK(said_of(import(app), "(logto.refresh)").empty());
}

TEST_CASE("secrets of the source are not copied") {
  const std::string secret = "hunter2hunter2hunter2hunter2hunt";
  std::string toml;
  for (const char* name : {"cookie_secret", "client_secret", "basic_auth_password", "redis_password", "signature_key",
                           "jwt_key", "github_token"}) {
    toml += std::string(name) + " = \"" + secret + "\"\n";
  }
  const auto imported = import(toml + "redis_connection_url = \"redis://u:" + secret + "@r:1\"\n");
  CHECK(write_imported(imported.config).find(secret) == std::string::npos);
  CHECK(import_report(imported.findings, "x").find(secret) == std::string::npos);
}

TEST_CASE("texts of the source stay texts: no variable of ours, no key, can be smuggled in") {
  const auto imported =
      import("cookie_name = 'x'\nallowed_groups = [\"${HOME}\", \"\\uE000PATH\\uE001\", \"a\\nroutes: []\"]");
  const std::string text = write_imported(imported.config);
  CHECK(text.find("\"$${HOME}\"") != std::string::npos);
  CHECK(text.find("\"PATH\"") == std::string::npos);
  CHECK(text.find("${PATH}") == std::string::npos);
  CHECK(text.find("\nroutes: []") == std::string::npos);
}

constexpr const char* kAlpha = R"(
server: { bindAddress: "0.0.0.0:4180" }
upstreamConfig:
  proxyRawPath: true
  upstreams:
    - { id: app, path: /, uri: "http://app:8080", timeout: 1m }
    - { id: api, path: "^/api/(.*)$", rewriteTarget: /$1, uri: "http://api:9000", passHostHeader: false }
    - { id: odd, path: "^/odd/(.*)/x$", rewriteTarget: /y/$1, uri: "http://odd:1" }
    - { id: none, path: /closed/, static: true, staticCode: 403 }
injectRequestHeaders:
  - { name: X-Forwarded-User, values: [{ claimSource: { claim: user } }] }
  - { name: X-Groups, values: [{ claim: groups }] }
  - { name: X-Api-Key, values: [{ secretSource: { fromEnv: MY_KEY } }] }
  - { name: X-Other, values: [{ secretSource: { value: c2VjcmV0 } }] }
  - { name: Authorization, values: [{ claimSource: { claim: id_token, prefix: "Bearer " } }] }
  - { name: X-Token, values: [{ claimSource: { claim: access_token } }] }
providers:
  - id: logto
    provider: oidc
    clientID: ${CLIENT}
    clientSecret: secret-of-alpha
    somethingNew: 1
    oidcConfig: { issuerURL: "https://t.logto.app/oidc", groupsClaim: roles }
)";

TEST_CASE("alpha configuration") {
  const auto imported = import_alpha(kAlpha);
  CHECK(at(imported, "listen") == "0.0.0.0:4180");
  CHECK(at(imported, "logto.endpoint") == "https://t.logto.app");
  CHECK(at(imported, "logto.app_id") == "\"${CLIENT}\"");
  CHECK(at(imported, "identity_headers.X-Forwarded-User.claim") == "sub");
  CHECK(at(imported, "identity_headers.X-Groups.claim") == "roles");
  CHECK(at(imported, "identity_headers.X-Api-Key.value") == "\"${MY_KEY}\"");
  CHECK(at(imported, "identity_headers.X-Other.value") == "\"${X_OTHER}\"");
  CHECK(at(imported, "identity_headers.X-Token").empty());
  CHECK(at(imported, "upstreams.api.host") == "upstream");
  CHECK(at(imported, "upstreams.app.response_timeout") == "1m");
  CHECK(at(imported, "routes.0.path") == "/closed/*");
  CHECK(at(imported, "routes.0.access") == "deny");
  CHECK(at(imported, "routes.1.path") == "/api/*");
  CHECK(at(imported, "routes.1.strip_prefix") == "/api");
  CHECK(at(imported, "routes.1.encoded_slash") == "keep");
  CHECK(at(imported, "routes.1.authorization.bearer") == "id_token");
  CHECK(import_report(imported.findings, "x").find("odd: rewriteTarget /y/$1: only a prefix") != std::string::npos);
  CHECK(outcome(imported, "providers[0].somethingNew") == "unknown");
  CHECK(outcome(imported, "injectRequestHeaders X-Token") == "unsupported");
  CHECK(write_imported(imported.config).find("secret-of-alpha") == std::string::npos);
}

TEST_CASE("alpha configuration: keys in another case are the same keys, but for a second one") {
  std::string text = kAlpha;
  for (const auto& [key, written] :
       {std::pair("bindAddress", "BindAddress"), std::pair("upstreamConfig", "UPSTREAMCONFIG"),
        std::pair("staticCode", "StaticCode"), std::pair("claimSource", "ClaimSource"),
        std::pair("clientID", "clientId"), std::pair("issuerURL", "issuerUrl")}) {
    for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + 1))
      text.replace(at, std::string(key).size(), written);
  }
  const auto as_usual = import_alpha(kAlpha), otherwise = import_alpha(text.c_str());
  CHECK(write_imported(otherwise.config) == write_imported(as_usual.config));
  const std::string report = import_report(otherwise.findings, "x");
  CHECK(report.find("not known") == import_report(as_usual.findings, "x").find("not known"));
  CHECK(outcome(import_alpha("server: { bindAddress: \"127.0.0.1:1\", BindAddress: \"127.0.0.1:2\" }\n"),
                "server.BindAddress") == "unknown");
}

TEST_CASE("a fixed answer beside apps stays one, and what leads nowhere is closed") {
  const auto imported = import_alpha(R"(
upstreamConfig:
  upstreams:
    - { id: app, path: /, uri: "http://app:8080" }
    - { id: st, path: /health, static: true, staticCode: 200 }
    - { id: empty, path: /empty, static: true, staticCode: 204 }
    - { id: moved, path: /m, static: true, staticCode: 302 }
    - { id: gone, path: /g, static: true, staticCode: 404 }
injectRequestHeaders:
  - { name: Authorization, values: [{ claimSource: { claim: id_token, prefix: "Bearer " } }] }
)");
  CHECK(at(imported, "routes.0.path") == "/health");
  CHECK(at(imported, "routes.0.respond.status") == "200");
  CHECK(at(imported, "routes.0.respond.body") == "Authenticated");
  CHECK(at(imported, "routes.0.authorization").empty());
  CHECK(at(imported, "routes.0.require") == at(imported, "routes.4.require"));
  CHECK(at(imported, "routes.1.respond.status") == "204");
  CHECK(at(imported, "routes.1.respond.body").empty());
  CHECK(at(imported, "routes.2.access") == "deny");
  CHECK(at(imported, "routes.3.access") == "deny");
  CHECK(at(imported, "routes.4.upstream") == "app");
  CHECK(at(imported, "auth_prefix").empty());  // apps get requests through here
}

TEST_CASE("alpha configuration that is none is refused with its place") {
  SourceOptions options;
  CHECK(read_oauth2_proxy_alpha("a: [", "alpha.yaml", options).error().message.find("alpha.yaml:") == 0);
  CHECK_FALSE(read_oauth2_proxy_alpha("- a\n", "alpha.yaml", options).ok());
  CHECK_FALSE(read_oauth2_proxy_alpha("something: else\n", "alpha.yaml", options).ok());
  CHECK(options.all().empty());
}

TEST_CASE("files that hold a configuration somewhere are refused with the way to give it") {
  struct Case {
    const char* text;
    const char* says;  // "": is of none of these kinds
  };
  const Case cases[] = {
      {"services:\n  proxy:\n    image: oauth2-proxy\n    environment:\n      OAUTH2_PROXY_EMAIL_DOMAINS: '*'\n",
       "a compose file"},
      {"version: '3'\nx-a: &a { b: c }\n\"services\":\n  p: {}\n", "a compose file"},
      {"---\napiVersion: v1\nkind: ConfigMap\ndata:\n  oauth2_proxy.cfg: |-\n    email_domains = [ \"*\" ]\n",
       "a Kubernetes manifest"},
      {"{\n  \"apiVersion\": \"apps/v1\",\n  \"kind\": \"Deployment\"\n}\n", "a Kubernetes manifest"},
      {"# values\nreplicaCount: 2\nextraArgs:\n  email-domain: '*'\n", "values of a Helm chart"},
      {"config:\n  clientID: x\n  configFile: |-\n    email_domains = [ \"*\" ]\n", "values of a Helm chart"},
      {"oauth2-proxy:\n  config: {}\n", "values of a Helm chart"},
      {"OAUTH2_PROXY_EMAIL_DOMAINS=\"*\"\n", "variables of an environment"},
      {"email_domains = [ \"*\" ]\nupstreams = [\n  \"http://a:1\"\n]\n", ""},
      {"server:\n  bindAddress: x\n", ""},
      {"", ""},
  };
  for (const auto& one : cases) {
    CAPTURE(one.text);
    const auto said = what_else_it_is(one.text);
    CHECK(said.has_value() == (*one.says != '\0'));
    if (said) CHECK(said->find(one.says) == 0);
  }
}

// What `oauth2-proxy --convert-config-to-alpha` writes for a configuration with nothing in it but the least.
constexpr const char* kConverted = R"(
injectRequestHeaders:
    - name: X-Forwarded-Groups
      preserveRequestValue: false
      values: [{ claimSource: { claim: groups } }]
    - name: X-Forwarded-User
      preserveRequestValue: false
      values: [{ claimSource: { claim: user } }]
    - name: X-Forwarded-Email
      preserveRequestValue: false
      values: [{ claimSource: { claim: email } }]
    - name: X-Forwarded-Preferred-Username
      preserveRequestValue: false
      values: [{ claimSource: { claim: preferred_username } }]
injectResponseHeaders:
    - name: X-Auth-Request-User
      preserveRequestValue: false
      values: [{ claimSource: { claim: user } }]
metricsServer: {}
providers:
    - clientID: x
      clientSecret: "y"
      azureConfig: { tenant: common }
      microsoftEntraIDConfig: { federatedTokenAuth: false }
      ADFSConfig: { skipScope: false }
      googleConfig: { useApplicationDefaultCredentials: false, useOrganizationID: false }
      oidcConfig:
        issuerURL: https://t.logto.app/oidc
        insecureAllowUnverifiedEmail: false
        insecureSkipIssuerVerification: false
        insecureSkipNonce: true
        skipDiscovery: false
        emailClaim: email
        groupsClaim: groups
        userIDClaim: email
        audienceClaims: [aud]
      id: oidc=x
      provider: oidc
      useSystemTrustStore: false
      loginURLParameters: [{ name: approval_prompt, default: [force] }]
      skipClaimsFromProfileURL: false
      backendLogoutURL: ""
server: { bindAddress: "127.0.0.1:4180" }
upstreamConfig:
    proxyRawPath: false
    upstreams:
        - id: static://202
          path: /
          insecureSkipTLSVerify: false
          static: true
          staticCode: 202
          flushInterval: 1s
          passHostHeader: false
          proxyWebSockets: false
          timeout: 30s
          disableKeepAlives: false
)";

TEST_CASE("alpha configuration as oauth2-proxy writes it: defaults are no findings, and close nothing") {
  SourceOptions options;
  REQUIRE(read_oauth2_proxy_toml("email_domains = ['*']", options).ok());
  const auto alpha = read_oauth2_proxy_alpha(kConverted, "alpha.yaml", options);
  REQUIRE(alpha.ok());
  const auto imported = import_oauth2_proxy(options, &*alpha, kNoFiles);
  CHECK_FALSE(is_closed(imported));
  CHECK(at(imported, "identity_headers.X-Forwarded-Email.claim") == "email");
  CHECK(at(imported, "identity_headers.X-Forwarded-Email.encoding") == "raw");
  for (const auto& one : imported.findings) {
    const bool is_news = one.outcome == Outcome::unknown || one.outcome == Outcome::unsupported;
    CHECK_MESSAGE(!is_news, one.option);
  }
}

TEST_CASE("alpha configuration that restricts in a way that nobody knows closes") {
  const std::string open = "upstreamConfig: { upstreams: [{ id: a, path: /, uri: 'http://a:1' }] }\n";
  const auto with = [&](const std::string& provider) {
    SourceOptions options;
    REQUIRE(read_oauth2_proxy_toml("email_domains = ['*']", options).ok());
    const auto alpha = read_oauth2_proxy_alpha(open + "providers: [" + provider + "]\n", "alpha.yaml", options);
    REQUIRE(alpha.ok());
    return import_oauth2_proxy(options, &*alpha, kNoFiles);
  };
  CHECK_FALSE(is_closed(with("{ provider: oidc }")));
  CHECK(is_closed(with("{ provider: bitbucket, bitbucketConfig: { workspace: acme } }")));
  CHECK(is_closed(with("{ provider: azure, azureConfig: { tenant: mine } }")));
  CHECK(is_closed(with("{ provider: github, githubConfig: { org: acme } }")));
  CHECK(is_closed(with("{ provider: new, newConfig: { only: these } }")));
  CHECK(at(with("{ provider: oidc, allowedGroups: [a] }"), "routes.0.require.roles") == "[a]");
}

}  // namespace
}  // namespace lp
