#include "cli/import/oauth2_proxy_table.h"

namespace lp {
namespace {

struct Row {
  std::string_view name;
  Outcome outcome;
  std::string_view text;
};

constexpr auto kTaken = Outcome::taken;
constexpr auto kDiffers = Outcome::differs;
constexpr auto kUnsupported = Outcome::unsupported;

constexpr std::string_view kDiscovery = "everything about Logto but its origin (logto.endpoint) is discovered";
constexpr std::string_view kOtherProvider = "of another provider: Logto has connectors for it, set up in its console";
constexpr std::string_view kOwnPages =
    "the few pages of logto-proxy look as they look; sign-in pages are Logto's, branded in its console";
constexpr std::string_view kLog =
    "access lines are JSON on stdout, events JSON on stderr; let what collects them format, rotate and filter";
constexpr std::string_view kJwtKey = "the app signs in to Logto with its secret";
constexpr std::string_view kCsrf = "each sign-in attempt has a sealed cookie of its own, several tabs at once included";
constexpr std::string_view kRedisTopology = "one Redis server (redis.url), or an address that follows the primary";
constexpr std::string_view kOwnTls =
    "by hand: listen[].tls has certificates and min_version, and redirect_to_https is for the port of http";

constexpr Row kRows[] = {
    {"acr_values", kUnsupported, "Logto knows no acr; require: { max_age: ... } asks for a fresh sign-in"},
    {"allow_query_semicolons", kTaken, "queries pass as they are"},
    {"approval_prompt", kDiffers, "Google's; Logto's counterpart is logto.sign_in.prompt"},
    {"auth_logging", kDiffers, kLog},
    {"auth_logging_format", kDiffers, kLog},
    {"auth_request_response_mode", kUnsupported, "the answer comes in the query, bound to state, nonce, PKCE and iss"},
    {"azure_graph_group_field", kUnsupported, kOtherProvider},
    {"azure_tenant", kUnsupported, kOtherProvider},
    {"backend_logout_url", kDiffers, "sign-out goes to Logto itself, and Logto's back-channel logout comes back"},
    {"banner", kUnsupported, kOwnPages},
    {"bearer_token_login_fallback", kDiffers,
     "a token that is not good gets 401 (RFC 6750) on every route that takes tokens, and never leads to a sign-in"},
    {"code_challenge_method", kTaken, "PKCE with S256, always"},
    {"config", kDiffers, "name the new file: logto-proxy serve --config FILE"},
    {"cookie_csrf_expire", kDiffers, kCsrf},
    {"cookie_csrf_per_request", kTaken, kCsrf},
    {"cookie_csrf_per_request_limit", kDiffers, kCsrf},
    {"cookie_csrf_samesite", kDiffers, kCsrf},
    {"custom_sign_in_logo", kUnsupported, kOwnPages},
    {"custom_templates_dir", kUnsupported, kOwnPages},
    {"disable_keep_alives", kUnsupported,
     "connections to apps are kept alive; an app that dislikes it answers Connection: close"},
    {"display_htpasswd_form", kUnsupported, "people sign in at Logto only"},
    {"encode_state", kTaken, "the state is opaque"},
    {"entra_id_federated_token_auth", kUnsupported, kOtherProvider},
    {"errors_to_info_log", kDiffers, kLog},
    {"exclude_logging_paths", kDiffers, kLog},
    {"flush_interval", kDiffers, "what an app sends goes on at once"},
    {"footer", kUnsupported, kOwnPages},
    {"force_code_challenge_method", kTaken, "PKCE with S256, always"},
    {"force_https", kUnsupported, "what terminates TLS redirects; external_urls with https:// make cookies Secure"},
    {"github_token", kUnsupported, kOtherProvider},
    {"google_admin_api_user_scope", kUnsupported, kOtherProvider},
    {"google_admin_email", kUnsupported, kOtherProvider},
    {"google_service_account_json", kUnsupported, kOtherProvider},
    {"google_target_principal", kUnsupported, kOtherProvider},
    {"google_use_application_default_credentials", kUnsupported, kOtherProvider},
    {"google_use_organization_id", kUnsupported, kOtherProvider},
    {"htpasswd_file", kUnsupported, "people sign in at Logto only: import them there as users"},
    {"htpasswd_user_groups", kUnsupported, "people sign in at Logto only: give them roles there"},
    {"insecure_oidc_skip_issuer_verification", kUnsupported, "the issuer is always compared"},
    {"insecure_oidc_skip_nonce", kUnsupported, "the nonce is always compared"},
    {"jwt_key", kUnsupported, kJwtKey},
    {"jwt_key_file", kUnsupported, kJwtKey},
    {"logging_compress", kDiffers, kLog},
    {"logging_filename", kDiffers, kLog},
    {"logging_local_time", kDiffers, kLog},
    {"logging_max_age", kDiffers, kLog},
    {"logging_max_backups", kDiffers, kLog},
    {"logging_max_size", kDiffers, kLog},
    {"login_url", kDiffers, kDiscovery},
    {"metrics_secure_address", kUnsupported, "admin.listen speaks plain HTTP: keep it on a private address"},
    {"metrics_tls_cert_file", kUnsupported, "admin.listen speaks plain HTTP: keep it on a private address"},
    {"metrics_tls_key_file", kUnsupported, "admin.listen speaks plain HTTP: keep it on a private address"},
    {"oidc_audience_claims", kUnsupported, "the audience is `aud`, and it must be the app's id"},
    {"oidc_enabled_signing_algs", kDiffers,
     "ES256, ES384, ES512, RS256 and the like, as Logto's keys say; never none or HMAC"},
    {"oidc_jwks_url", kDiffers, kDiscovery},
    {"oidc_public_key_files", kDiffers, kDiscovery},
    {"profile_url", kDiffers, kDiscovery},
    {"provider_ca_files", kDiffers, "if Logto has a certificate of your own authority, name its file in logto.ca_file"},
    {"provider_display_name", kUnsupported, "no page of logto-proxy names the provider"},
    {"pubjwk_url", kUnsupported, kJwtKey},
    {"redeem_url", kDiffers, kDiscovery},
    {"redis_cluster_connection_urls", kUnsupported, kRedisTopology},
    {"redis_connection_idle_timeout", kDiffers, "one connection, made again when the server closes it"},
    {"redis_insecure_skip_tls_verify", kUnsupported, "name the authority in redis.ca_file"},
    {"redis_sentinel_connection_urls", kUnsupported, kRedisTopology},
    {"redis_sentinel_master_name", kUnsupported, kRedisTopology},
    {"redis_sentinel_password", kUnsupported, kRedisTopology},
    {"redis_use_cluster", kUnsupported, kRedisTopology},
    {"redis_use_sentinel", kUnsupported, kRedisTopology},
    {"relative_redirect_url", kDiffers,
     "every origin in external_urls has its own callback, chosen by the request's Host"},
    {"request_id_header", kDiffers, "X-Request-Id, believed from trusted_proxies only"},
    {"request_logging_format", kDiffers, kLog},
    {"resource", kUnsupported, "for an API resource of Logto write token: { resource: ... } into a route"},
    {"session_cookie_minimal", kTaken, "the cookie holds no more than it must; access tokens are not in it"},
    {"show_debug_on_error", kUnsupported, "error pages name a request id that is in the log"},
    {"silence_ping_logging", kDiffers,
     "what health answers writes access lines with the decision health, which whatever collects them can leave out; "
     "/healthz and /readyz on admin.listen write none"},
    {"skip_claims_from_profile_url", kDiffers, "userinfo is asked only for a claim that is needed and missing"},
    {"skip_oidc_discovery", kDiffers, kDiscovery},
    {"ssl_insecure_skip_verify", kUnsupported, "name the authority in logto.ca_file"},
    {"standard_logging", kDiffers, kLog},
    {"standard_logging_format", kDiffers, kLog},
    {"tls_cert_file", kUnsupported, kOwnTls},
    {"tls_cipher_suites", kUnsupported, kOwnTls},
    {"tls_key_file", kUnsupported, kOwnTls},
    {"tls_min_version", kUnsupported, kOwnTls},
    {"use_system_trust_store", kDiffers, "logto.ca_file replaces the system's authorities, null keeps them"},
    {"validate_url", kDiffers, kDiscovery},
};

}  // namespace

void report_fixed_oauth2_proxy_options(ImportContext& context) {
  for (const Row& row : kRows) {
    const std::string text(row.text);
    if (row.outcome == kTaken) context.taken(row.name, text);
    if (row.outcome == kDiffers) context.differs(row.name, text);
    if (row.outcome == kUnsupported) context.unsupported(row.name, text);
  }
}

}  // namespace lp
