#include "cli/import/oauth2_proxy.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

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

// The value at a path such as "session.max_lifetime" or "routes.1.path", written as YAML; "" where there is none.
std::string at(const Imported& imported, std::string path) {
  const Node* node = &imported.config;
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
    static constexpr const char* kNames[] = {"taken", "differs", "unsupported", "unknown"};
    return kNames[static_cast<int>(one.outcome)];
  }
  return "";
}

struct Row {
  const char* toml;
  const char* path;
  const char* value;
};

TEST_CASE("one option, one value of ours") {
  const Row rows[] = {
      {"redirect_url = 'https://app.example.com/oauth2/callback'", "external_urls", "[https://app.example.com]"},
      {"", "external_urls", "[\"${EXTERNAL_URL}\"]"},
      {"http_address = ':4180'", "listen", "0.0.0.0:4180"},
      {"", "listen", "127.0.0.1:4180"},
      {"cookie_expire = '24h'", "session.max_lifetime", "1d"},
      {"cookie_expire = '24h'", "session.idle_timeout", "1d"},
      {"", "session.max_lifetime", "7d"},
      {"cookie_expire = '0'", "session.max_lifetime", ""},
      {"cookie_refresh = '1h'", "session.revalidate", "1h"},
      {"cookie_name = '_wiki'", "session.cookie.name", "_wiki"},
      {"cookie_name = '__Host-wiki'", "session.cookie.name", ""},
      {"cookie_samesite = 'none'", "session.cookie.same_site", "none"},
      {"cookie_samesite = 'strict'", "session.cookie.same_site", ""},
      {"cookie_domains = ['.example.com']", "session.cookie.domain", "example.com"},
      {"email_domains = ['example.com']", "routes.0.require.email_domain", "[example.com]"},
      {"email_domains = ['example.com']", "logto.trust_email", "true"},
      {"email_domains = ['*']", "routes.0.require", ""},
      {"email_domains = ['.example.com']", "routes.0.require.claims.email.regex",
       "\"(?i)[^@]+@[^@]+\\\\.example\\\\.com\""},
      {"allowed_groups = ['admin', 'staff']", "routes.0.require.roles", "[admin, staff]"},
      {"email_domains = ['*']\nauthenticated_emails_file = 'x'", "routes.0.require", ""},
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
      {"proxy_prefix = '/sso'", "forward_auth.oauth2_proxy", ""},
      {"prefer_email_to_user = true", "identity_headers.X-Forwarded-User", "email"},
      {"pass_user_headers = false\npass_basic_auth = false", "identity_headers", "{}"},
      {"basic_auth_password = 'hunter2'", "routes.0.authorization.basic.password", "\"${BASIC_AUTH_PASSWORD}\""},
      {"pass_authorization_header = true", "routes.0.authorization.bearer", "id_token"},
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
      {"upstreams = ['https://wiki.example.com']", "upstreams.wiki.url", "\"${WIKI_URL}\""},
      {"upstreams = ['file:///srv/www/#/static/']", "routes.0.path", "/static/*"},
      {"upstreams = ['static://404']", "routes.0.access", "deny"},
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
  for (const auto& row : rows) {
    CAPTURE(row.toml);
    CAPTURE(row.path);
    CHECK(at(import(row.toml), row.path) == row.value);
  }
}

// "PATH METHODS ACCESS UPSTREAM 401" of each route.
std::string routes_of(const Imported& imported) {
  std::string out;
  for (const Node& route : imported.config.find("routes")->items) {
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
       "~ /api/open/.*||optional|api\n~ /api/.*(?:\\.css$).*||optional|api\n~ /api/.*||-|api|401\n/api/*||-|api\n"
       "~ .*\\.css||optional|w\n/*||-|w\n"},
      {"upstreams = ['http://w/']\nskip_auth_routes = ['!=^/admin']", "~ /admin.*||-|w\n/*||optional|w\n"},
      {"upstreams = ['http://w/']\nskip_auth_routes = ['get!=^/admin']",
       "~ /admin.*||-|w\n/*|GET|optional|w\n/*||-|w\n"},
      {"upstreams = ['http://w/', 'http://x/p/']\nskip_auth_routes = ['!=^/.*\\.png$']",
       "/p/*||-|x\n~ /.*\\.png||-|w\n/*||optional|w\n"},
      {"upstreams = ['http://w/']\ntrusted_ips = ['10.0.0.0/8', 'nonsense']", "/*||optional|w|networks\n/*||-|w\n"},
      {"upstreams = ['http://w/', 'http://h/health']", "/health||-|h\n/*||-|w\n"},
      {"upstreams = ['http://w/']\nskip_auth_routes = ['^/(broken']", "/*||-|w\n"},
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

TEST_CASE("what nobody knows is listed, and each option is spoken of once") {
  const auto imported = import("no_such_option = 1\nbanner = 'x'\ncookie-httponly = true\ncookie_secret = 's'");
  CHECK(outcome(imported, "no_such_option") == "unknown");
  CHECK(outcome(imported, "banner") == "unsupported");
  CHECK(outcome(imported, "cookie-httponly") == "taken");
  CHECK(outcome(imported, "cookie_secret") == "differs");
  CHECK(import_report(imported.findings, "oauth2-proxy")
            .find("Not known to this import, and left out (1):\n  no_such_option:") != std::string::npos);
}

// Every option of oauth2-proxy 7.15, by its name in a configuration file.
constexpr const char* kEveryOption =
    "acr_values allow_query_semicolons allowed_groups allowed_roles api_routes approval_prompt auth_logging "
    "auth_logging_format "
    "auth_request_response_mode authenticated_emails_file azure_graph_group_field azure_tenant backend_logout_url "
    "banner "
    "basic_auth_password bearer_token_login_fallback bitbucket_repository bitbucket_team client_id client_secret "
    "client_secret_file "
    "code_challenge_method cookie_csrf_expire cookie_csrf_per_request cookie_csrf_per_request_limit "
    "cookie_csrf_samesite cookie_domains "
    "cookie_expire cookie_httponly cookie_name cookie_path cookie_refresh cookie_samesite cookie_secret "
    "cookie_secret_file cookie_secure "
    "custom_sign_in_logo custom_templates_dir disable_keep_alives display_htpasswd_form email_domains encode_state "
    "entra_id_allowed_tenants entra_id_federated_token_auth errors_to_info_log exclude_logging_paths extra_jwt_issuers "
    "flush_interval "
    "footer force_code_challenge_method force_https force_json_errors gcp_healthchecks github_org github_repo "
    "github_team github_token "
    "github_users gitlab_groups gitlab_projects google_admin_api_user_scope google_admin_email google_groups "
    "google_service_account_json "
    "google_target_principal google_use_application_default_credentials google_use_organization_id htpasswd_file "
    "htpasswd_user_groups "
    "http_address https_address insecure_oidc_allow_unverified_email insecure_oidc_skip_issuer_verification "
    "insecure_oidc_skip_nonce "
    "jwt_key jwt_key_file keycloak_groups logging_compress logging_filename logging_local_time logging_max_age "
    "logging_max_backups "
    "logging_max_size login_url metrics_address metrics_secure_address metrics_tls_cert_file metrics_tls_key_file "
    "oidc_audience_claims "
    "oidc_email_claim oidc_enabled_signing_algs oidc_extra_audiences oidc_groups_claim oidc_issuer_url oidc_jwks_url "
    "oidc_public_key_files pass_access_token pass_authorization_header pass_basic_auth pass_host_header "
    "pass_user_headers ping_path "
    "ping_user_agent prefer_email_to_user profile_url prompt provider provider_ca_files provider_display_name "
    "proxy_prefix "
    "proxy_websockets pubjwk_url ready_path real_client_ip_header redeem_url redirect_url redis_ca_path "
    "redis_cluster_connection_urls "
    "redis_connection_idle_timeout redis_connection_url redis_insecure_skip_tls_verify redis_password "
    "redis_sentinel_connection_urls "
    "redis_sentinel_master_name redis_sentinel_password redis_use_cluster redis_use_sentinel redis_username "
    "relative_redirect_url "
    "request_id_header request_logging request_logging_format resource reverse_proxy scope session_cookie_minimal "
    "session_store_type "
    "set_authorization_header set_basic_auth set_xauthrequest show_debug_on_error signature_key silence_ping_logging "
    "skip_auth_preflight skip_auth_regex skip_auth_routes skip_auth_strip_headers skip_claims_from_profile_url "
    "skip_jwt_bearer_tokens "
    "skip_oidc_discovery skip_provider_button ssl_insecure_skip_verify ssl_upstream_insecure_skip_verify "
    "standard_logging "
    "standard_logging_format tls_cert_file tls_cipher_suites tls_key_file tls_min_version trusted_ips "
    "trusted_proxy_ips upstream_timeout "
    "upstreams use_system_trust_store user_id_claim validate_url whitelist_domains";

TEST_CASE("no option of oauth2-proxy is unknown, whatever its value") {
  for (const char* value : {"\"\"", "true", "\"x\"", "[\"x\", \"y\"]"}) {
    std::string toml;
    for (std::string rest = std::string(kEveryOption) + " "; !rest.empty(); rest.erase(0, rest.find(' ') + 1)) {
      toml += rest.substr(0, rest.find(' ')) + " = " + value + "\n";
    }
    CAPTURE(value);
    for (const auto& one : import(toml).findings) CHECK_MESSAGE(one.outcome != Outcome::unknown, one.option);
  }
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
  CHECK(at(imported, "identity_headers.X-Forwarded-User") == "sub");
  CHECK(at(imported, "identity_headers.X-Groups") == "roles");
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

TEST_CASE("alpha configuration that is none is refused with its place") {
  SourceOptions options;
  CHECK(read_oauth2_proxy_alpha("a: [", "alpha.yaml", options).error().message.find("alpha.yaml:") == 0);
  CHECK_FALSE(read_oauth2_proxy_alpha("- a\n", "alpha.yaml", options).ok());
}

}  // namespace
}  // namespace lp
