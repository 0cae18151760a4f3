#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/client_certificate.h"
#include "base/secret.h"
#include "base/url.h"
#include "config/pages.h"
#include "config/path_replacement.h"
#include "config/requirement.h"
#include "config/text_pattern.h"

// What a configuration file says, typed, with the defaults in place. Made once by config/file/load, then immutable and
// shared: every thread holds a shared_ptr<const Settings>. Times are in milliseconds, sizes in bytes.
namespace lp {

struct ProvisionSettings;  // config/provision.h

inline constexpr std::int64_t kSecond = 1000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDay = 24 * kHour;
inline constexpr std::int64_t kUnlimited = -1;
inline constexpr std::int64_t kAutomatic = -2;

// An address range in network order; IPv4 is kept v4-mapped so that ::ffff:10.0.0.1 and 10.0.0.1 are the same.
struct Cidr {
  std::array<std::uint8_t, 16> address{};
  int prefix_bits = 128;
  bool operator==(const Cidr&) const = default;
};

// Of whoever proves who he is: PEM files, absolute.
struct CertificateFiles {
  std::string certificate;  // the chain, its own first
  std::string key;
};

enum class TlsVersion { tls_1_2, tls_1_3 };

// Certificates that come by themselves (RFC 8555), for the hosts of external_urls. See config/acme.h.
struct AcmeSettings {
  bool agree_tos = false;  // to what the authority demands of its subscribers; without it nobody is asked
  std::string email;       // empty: none is told to the authority
  std::string directory = "https://acme-v02.api.letsencrypt.org/directory";
  std::string ca_file;                                  // that vouches for the directory's host; empty: the system's
  std::string state_dir = "/var/lib/logto-proxy/acme";  // keys and certificates
  bool self_signed_meanwhile = false;                   // shown until the first certificate is there
  [[nodiscard]] bool is_on() const { return agree_tos; }
  bool operator==(const AcmeSettings&) const = default;
};

// Of clients that ask for certain hosts: whether they may show a certificate, or must, and whose count.
struct ClientCertificateSettings {
  enum class Mode { optional, required };
  Mode mode = Mode::required;
  std::string ca_file;             // PEM, absolute
  std::string crl_file;            // PEM, absolute; empty: nobody says what is revoked
  std::vector<std::string> hosts;  // asked for by SNI; "*.example.com": one label more. Empty: all others
};

struct ListenTlsSettings {
  std::vector<CertificateFiles> certificates;  // the first is for who asks for a name of none of them
  AcmeSettings acme;
  TlsVersion min_version = TlsVersion::tls_1_2;
  std::int64_t hsts_ms = 0;  // 0: none is told
  bool hsts_subdomains = false;
  std::vector<ClientCertificateSettings> client_certificates;  // none: nobody is asked for one
  [[nodiscard]] bool is_on() const { return !certificates.empty() || acme.is_on(); }
};

struct ListenSettings {
  enum class Kind { tcp, unix_socket };
  Kind kind = Kind::tcp;
  std::string host = "127.0.0.1";  // an IP literal, IPv6 without brackets
  std::uint16_t port = 8080;       // 0: any free one
  std::string path;                // unix socket; "@name": an abstract one
  ListenTlsSettings tls{};
  bool redirect_to_https = false;  // and nothing else
  bool proxy_protocol = false;     // trusted_proxies say with it who is behind them
  int mode = -1;                   // of the unix socket's file; -1: as umask says
  std::string group{};             // likewise; empty: the process's
  [[nodiscard]] bool is_abstract() const { return path.starts_with('@'); }
  bool http2 = true;  // with TLS, to who offers it
  bool h2c = false;   // without TLS, to who begins with it
};

struct LimitSettings {
  std::int64_t request_head_bytes = 64 * 1024;
  std::int64_t header_count = 200;
  std::int64_t target_bytes = 16 * 1024;
  std::int64_t request_body_bytes = kUnlimited;
  std::int64_t http2_streams = 100;  // at a time, of one connection
  std::int64_t connections = 10000;
  std::int64_t connections_per_address = kAutomatic;      // see connections_per_address_of()
  std::int64_t buffered_bytes = 64LL * 1024 * 1024;       // of what has come of all requests and is not passed on yet
  std::int64_t held_requests_bytes = 64LL * 1024 * 1024;  // of all held form posts together; 0: none is held
  // A second and client address, and ten times as many at once; kUnlimited: any number. See base/client_rates.h.
  std::int64_t handshakes_per_address = kAutomatic;  // see handshakes_per_address_of()
  std::int64_t unauthenticated_per_address = 500;
  std::int64_t public_per_address = kUnlimited;
  std::int64_t minimum_rate = 100;  // bytes a second of who sends a request or takes an answer; kUnlimited: none
};

struct TimeoutSettings {
  std::int64_t first_byte_ms = 10 * kSecond;
  std::int64_t request_head_ms = 15 * kSecond;
  std::int64_t idle_connection_ms = 75 * kSecond;
  std::int64_t body_idle_ms = 60 * kSecond;
  std::int64_t rate_window_ms = 60 * kSecond;  // by how much of the minimum rate a client may be behind
};

// What becomes of `traceparent`; see proxy/http/trace_context.h.
enum class TraceMode { pass, make, off };

struct ShutdownSettings {
  std::int64_t ready_wait_ms = 7 * kSecond;  // not ready any more, but serving as before; see proxy/server/server.h
};

// Parameters of the authorization request that an operator may choose; unset means inherit, then leave out.
struct SignInSettings {
  std::optional<std::string> with;          // "social:linkedin", "sso:CONNECTOR_ID"
  std::optional<std::string> first_screen;  // one of Logto's values (Logto fact 22)
  std::optional<std::string> prompt;        // login | consent | none
  std::optional<std::string> ui_locales;
  std::optional<bool> keep_fragment;
  std::optional<bool> choose;  // a page of ours first, with one button for each way in
  std::map<std::string, std::string> extra;
};

enum class RefreshMode { automatic, offline_access, off };

struct LogtoSettings {
  Origin endpoint;                        // as the browser sees it; issuer = {endpoint}/oidc
  std::optional<Origin> connect_to;       // where we reach it, if elsewhere
  std::string ca_file;                    // empty: the system's
  std::optional<Origin> backchannel_url;  // where Logto reaches us, if not at the first external URL
  std::string app_id;
  std::vector<Secret> app_secrets;  // one or two; whichever Logto accepts is used
  Secret webhook_secret;            // signing key of Logto's webhooks; empty: not served
  std::vector<std::string> scopes = {"profile", "email", "roles"};  // openid is always sent
  RefreshMode refresh = RefreshMode::automatic;
  std::int64_t refresh_early_ms = kMinute;  // before the tokens expire
  std::int64_t max_calls = 32;              // to Logto at one time
  bool trust_email = false;
  SignInSettings sign_in;
  std::vector<std::string> allow_parameters;  // of a sign-in, that may come in the query of {prefix}/sign-in

  [[nodiscard]] std::string issuer() const { return endpoint.text() + "/oidc"; }
};

enum class SameSite { lax, none };
enum class CookieLifetime { session, browser };  // browser: until that is closed

struct CookieSettings {
  std::string name;  // empty: chosen by scheme, domain and partition, see auth/cookies/cookie_names.h
  SameSite same_site = SameSite::lax;
  bool partitioned = false;  // a cookie of its own for each site that frames the app (CHIPS)
  CookieLifetime lifetime = CookieLifetime::session;
  std::string domain;  // empty: host-only
};

enum class SessionStore { cookie, redis };

struct SessionSettings {
  std::vector<Secret> secrets;  // decoded bytes, 32 or more each; the first seals, all open
  std::int64_t idle_timeout_ms = 24 * kHour;
  std::int64_t max_lifetime_ms = 14 * kDay;
  std::int64_t revalidate_ms = kHour;
  SessionStore store = SessionStore::cookie;
  CookieSettings cookie;
  std::map<std::string, TextPattern> kept_items;  // of claims that are lists: only those that match are believed
};

// Records of ended sessions (docs/decisions/0012-revocations.md).
struct RevocationSettings {
  std::string journal;  // a file that outlives restarts; empty: memory only
  bool share = false;   // between replicas, through redis
  std::int64_t max = 1'000'000;
};

struct RedisSettings {
  enum class Kind { none, tcp, unix_socket };
  Kind kind = Kind::none;  // none: not configured
  bool tls = false;
  std::string host;  // name or IP literal (IPv6 without brackets)
  std::uint16_t port = 6379;
  std::string socket_path;
  int database = 0;
  std::string username;  // ACL user; empty: the default one
  Secret password;       // empty: none
  std::string ca_file;   // empty: the system's
  std::string prefix = "logto-proxy";
  std::int64_t grace_ms = 5 * kMinute;  // for sessions already proven, while Redis is away
  [[nodiscard]] bool is_configured() const { return kind != Kind::none; }
};

// Of an https:// upstream.
struct UpstreamTlsSettings {
  bool is_on = false;
  std::string ca_file;           // empty: the system's
  std::string server_name;       // empty: the host of the URL
  CertificateFiles certificate;  // that we show; empty: none
  bool insecure_skip_verify = false;
};

struct UpstreamSettings {
  enum class Host { client, upstream, literal };
  enum class Kind { tcp, unix_socket };
  std::string name;
  Kind kind = Kind::tcp;
  std::string host;  // name or IP literal (IPv6 without brackets)
  std::uint16_t port = 80;
  std::string socket_path;
  Host host_header = Host::client;
  std::string host_literal;
  std::int64_t connect_timeout_ms = 5 * kSecond;
  std::int64_t response_timeout_ms = 60 * kSecond;
  std::int64_t idle_timeout_ms = kHour;
  std::int64_t keep_alive = 256;              // idle connections of each worker; 0: each connection is used once
  std::int64_t idle_time_ms = kMinute;        // for how long they are kept
  std::int64_t max_connections = kUnlimited;  // of all workers together
  std::int64_t queue = 1000;                  // requests that may wait for one of these
  std::int64_t queue_timeout_ms = 10 * kSecond;
  bool url_says_h2c = false;  // h2c://
  bool http2 = false;
  UpstreamTlsSettings tls;

  [[nodiscard]] bool speaks_http2() const { return http2 || url_says_h2c; }
};

// raw: as it is, or not at all where it cannot stand in a field.
enum class HeaderEncoding { percent, utf8, raw };

// One field that the app gets, from exactly one source.
struct IdentityHeaderSettings {
  // id_token: Logto's, as it came. access_token: the route's `token`. assertion: a signed one of ours. host: of the URL
  // that the browser asked for. organization: that of the route, of a member alone. patreon: of a membership; `claim`
  // says what, `constant` of which campaigns.
  // client_certificate: of the connection, whoever is signed in; `certificate_field` says what.
  enum class Source {
    claim,
    constant,
    secret,
    id_token,
    access_token,
    assertion,
    host,
    organization,
    patreon,
    client_certificate,
  };
  std::string header;
  std::string claim;  // dotted path into objects, see auth/session/claim_path.h
  HeaderEncoding encoding = HeaderEncoding::percent;
  Source source = Source::claim;
  std::string constant{};
  Secret secret{};
  char separator = ',';  // of lists
  CertificateField certificate_field = CertificateField::subject;
};

enum class IdentityPreset {
  none,
  oauth2_proxy,
  authelia,
  authentik,
  pomerium,
  mod_auth_openidc,
  logto_protected_app,
};

// What is done to the fields of a message on its way; see config/header_changes.h.
struct HeaderChanges {
  std::vector<IdentityHeaderSettings> set;  // constant or secret; in place of what the sender says
  std::vector<IdentityHeaderSettings> add;  // beside it
  std::vector<std::string> remove;          // names; "X-Debug-*" is all that begin so
};

// Of answers. security: what browsers are told to be careful about, where the app does not say it itself.
enum class AnswerPreset { none, security };

enum class Access { public_, optional, signed_in, deny };
enum class Unauthenticated { automatic, redirect, status_401 };
enum class Forbidden { page, status_403, sign_in };
enum class EncodedSlash { reject, keep };
enum class PathBytes { utf8, any };
enum class PathSpellings { same, distinct };
enum class WebSocketUnauthenticated { status_401, close };

struct PathPattern {
  enum class Kind { exact, prefix, regex };
  Kind kind = Kind::prefix;
  std::string text;  // exact: the path; prefix: without the trailing "/*" ("" for "/*"); regex: the RE2 pattern
};

// A further condition of a route, on a query parameter or on a header field that the app gets too.
struct FieldCondition {
  std::string name;
  std::vector<TextPattern> any_of;
};

// The access token that the app gets with each request: `Authorization: Bearer`.
struct RouteTokenSettings {
  enum class Organization { none, fixed, from_host, from_path };
  std::string resource;             // of a Logto API resource; empty: none
  std::vector<std::string> scopes;  // of that resource, or of the organization
  Organization organization = Organization::none;
  std::string organization_id;  // fixed
  [[nodiscard]] bool is_configured() const { return !resource.empty() || organization != Organization::none; }
};

// Whose members alone may use a route; see config/organization_place.h.
struct RouteOrganizationSettings {
  using Place = RouteTokenSettings::Organization;
  Place place = Place::none;
  std::string id;    // fixed
  Requirement rule;  // Kind::member where there is one; else holds always
  [[nodiscard]] bool is_configured() const { return place != Place::none; }
};

// `Authorization` for apps that want it.
struct UpstreamAuthorizationSettings {
  enum class Kind { none, basic, id_token };
  Kind kind = Kind::none;
  std::string username;        // basic: this one,
  std::string username_claim;  // or the value of this claim
  Secret password;
};

// Who may bring an access token of their own in `Authorization: Bearer`.
struct AcceptSettings {
  bool session = true;
  bool bearer = false;
};

// What a route answers itself, in place of an app. At most one of the four is set.
struct RouteReplySettings {
  enum class Action { none, sign_in, sign_out, account };
  std::string redirect_to;  // see config/redirect_target.h
  int redirect_status = 302;
  int respond_status = 0;  // 0: not set
  std::string respond_body;
  std::string respond_type = "text/plain; charset=utf-8";
  std::string files;  // a directory, absolute
  Action action = Action::none;
  // Of a request to an action: parameters that may name the place to return to, in the order in which they are asked.
  std::vector<std::string> return_to_parameters = {"return_to",   "next",        "rd",        "redirect",
                                                   "redirect_to", "redirectUrl", "returnUrl", "return",
                                                   "returnTo",    "return_url",  "ReturnUrl", "return_path"};
  [[nodiscard]] bool is_configured() const {
    return !redirect_to.empty() || respond_status != 0 || !files.empty() || action != Action::none;
  }
};

// Of one route, over what holds for all of them or for all of its upstream; unset: that. See config/route_limits.h.
struct RouteLimitSettings {
  std::optional<std::int64_t> request_body_bytes;
  std::optional<std::int64_t> body_idle_ms;
  std::optional<std::int64_t> minimum_rate;
  std::optional<std::int64_t> response_timeout_ms;
  std::optional<std::int64_t> idle_timeout_ms;
  [[nodiscard]] bool has_upstream_times() const { return response_timeout_ms || idle_timeout_ms; }
};

// Of answers, where the app does not do it itself; see proxy/http/coding_choice.h.
struct CompressionSettings {
  // on: not what may hold a secret and a text of the sender's. always: that too.
  enum class Mode { off, on, always };
  Mode mode = Mode::off;
  std::vector<std::string> types;  // media types, each with at most one '*'; empty: those that are text
};

struct RouteSettings {
  int index = 0;      // position in the file, from 1
  int line = 0;       // in the file; 0: unknown
  std::string label;  // "#3 /admin/*": for logs and messages
  std::string host;   // empty: any; "*.example.com": exactly one label more
  PathPattern path;
  std::vector<std::string> methods;     // empty: any
  std::vector<FieldCondition> query;    // all of them
  std::vector<FieldCondition> headers;  // all of them
  std::vector<Cidr> networks;           // of the client; empty: any
  Access access = Access::signed_in;
  Requirement require;  // Kind::all
  Requirement deny;     // Kind::any: whoever meets one of these is refused, whatever else holds
  bool shadow = false;  // everybody passes; what would have happened is logged
  Unauthenticated unauthenticated = Unauthenticated::automatic;
  Forbidden forbidden = Forbidden::page;
  bool preflight = false;  // CORS preflights pass without a session
  AcceptSettings accept;
  std::vector<std::string> audiences;  // of access tokens, instead of bearer.audiences
  // See config/identity_presets.h for how the two add up. Unset: the preset of Settings, unless there are headers here.
  std::optional<IdentityPreset> identity_preset;
  std::vector<IdentityHeaderSettings> identity_headers;
  UpstreamAuthorizationSettings authorization;
  RouteTokenSettings token;
  RouteOrganizationSettings organization;  // beside `require`
  bool assertion = false;                  // a signed one in X-Logto-Proxy-Assertion
  SignInSettings sign_in;                  // over the defaults of logto.sign_in
  std::string upstream;  // name in Settings::upstreams; empty for access: deny, a reply, and behind another proxy
  RouteReplySettings reply;
  std::string strip_prefix;
  std::string add_prefix;
  PathReplacement replace_path;
  bool rewrite_location = true;           // answers that name the app's own address name ours instead
  std::vector<std::string> pass_headers;  // fields of clients that other routes take out
  bool forwarded_header = false;          // the app gets `Forwarded` (RFC 7239) too
  HeaderChanges request_headers;          // over those of Settings
  HeaderChanges response_headers;
  std::optional<AnswerPreset> answer_preset;  // unset: that of Settings
  EncodedSlash encoded_slash = EncodedSlash::reject;
  PathBytes path_bytes = PathBytes::utf8;
  // distinct: the app tells /a, /A, /a/ and /a. apart, so that no stricter route need be asked.
  PathSpellings path_spellings = PathSpellings::same;
  std::vector<Origin> allowed_origins;
  bool allows_no_origin = false;  // programs, which send none, may open WebSockets with a session's cookie
  WebSocketUnauthenticated websocket_unauthenticated = WebSocketUnauthenticated::status_401;
  std::vector<std::string> upgrades = {"websocket"};  // what a connection may become
  std::int64_t buffer_request_bytes = 0;  // chunked bodies up to here are collected and sent on with a length; 0: none
  bool hold_requests = true;              // a form post that meets an expired session waits for the sign-in
  RouteLimitSettings limits;
  CompressionSettings compression;
  RouteAppSettings app;  // as the launcher shows it
};

// An issuer of access tokens besides Logto.
struct IssuerSettings {
  std::string issuer;    // as in `iss`, compared byte for byte
  std::string jwks_url;  // empty: by discovery
  std::optional<Origin> connect_to;
  std::vector<std::string> audiences;  // that it may speak for; empty: those of the route
  std::string type = "at+jwt";         // header `typ` of its access tokens
};

struct BearerSettings {
  std::vector<std::string> audiences;  // API resources of Logto whose access tokens are believed
  std::vector<IssuerSettings> issuers;
  bool introspection = false;  // opaque tokens are shown to Logto
  std::int64_t introspection_cache_ms = kMinute;
  std::int64_t max_cached = 10'000;
};

// Memberships at Patreon, which rules ask for; see config/patreon_rules.h.
struct PatreonSettings {
  std::string connector = "patreon";  // the target of the connector at Logto that keeps people's tokens
  Origin api_url{"https", "www.patreon.com", 443};
  std::int64_t recheck_ms = kHour;              // how long Patreon's word counts
  std::int64_t hold_when_away_ms = 12 * kHour;  // and for how much longer while Patreon does not answer
  std::map<std::string, std::string> pages;     // where campaigns are, by id: where to become a patron
};

// Checks for other proxies. See config/forward_auth.h for what follows from these.
struct ForwardAuthSettings {
  bool enabled = false;                // {auth_prefix}/check answers other proxies
  std::string oauth2_proxy;            // where oauth2-proxy's endpoints are, as /oauth2; empty: nowhere
  std::vector<ListenSettings> listen;  // checks are answered there and nowhere else; empty: where everything is
  Secret secret;                       // that the asking proxy shows; empty: none
  std::string secret_header = "X-Logto-Proxy-Check-Secret";
};

// never: an app's, as any other path.
enum class RobotsTxt { never, where_nothing_is_public, always };

// What probes and crawlers are answered, whoever asks and under any Host (proxy/route/fixed_answers.h). Paths as in a
// route.
struct HealthSettings {
  std::vector<std::string> ping;                              // the process lives
  std::vector<std::string> ping_user_agents;                  // who alone may ask that; empty: whoever does
  std::vector<std::string> ready;                             // and takes requests
  RobotsTxt robots_txt = RobotsTxt::where_nothing_is_public;  // /robots.txt keeps crawlers away
};

// One row of `tests:`: who asks for what, and what must come of it. Run by cli/rule_tests.h.
struct RuleTestSettings {
  enum class Expect { allow, deny, sign_in, unauthenticated, not_found, bad_request, misdirected };
  int index = 0;  // from 1
  int line = 0;   // in the file; 0: unknown
  std::string name;
  std::string method = "GET";
  std::string url;
  std::map<std::string, std::string> request_headers;
  std::string as_json;     // claims of the person, an object; empty: nobody
  std::string as_file;     // where as_json comes from; empty: from the configuration itself
  bool is_script = false;  // not a navigation
  std::string client;      // address; empty: 127.0.0.1
  std::optional<ClientCertificate> client_certificate;  // that the connection has shown
  Expect expect = Expect::allow;
  std::map<std::string, std::optional<std::string>> expect_headers;  // the app must get these; no value: not at all
};

// One Logto application with its own origins; a session never crosses realms. See config/realms.h.
struct RealmSettings {
  std::string name;
  std::vector<Origin> external_urls;
  std::optional<Origin> sign_in_url;
  std::string cookie_domain;
  LogtoSettings logto;
};

enum class LogFormat { automatic, json, text };  // automatic: text on a terminal, JSON elsewhere

struct LogSettings {
  enum class Level { debug, info, warning, error };
  Level level = Level::info;
  LogFormat format = LogFormat::automatic;
};

struct AccessLogSettings {
  bool enabled = true;
  std::string file;  // empty: standard output
  LogFormat format = LogFormat::automatic;
  std::uint32_t fields = ~std::uint32_t{0};  // bit i: kAccessLogFields[i]
  std::vector<PathPattern> exclude;          // no patterns of regexes; requests that are refused are told all the same
};

// A file that a secret was read from, or that `provision` is to write.
struct SecretFile {
  std::string key;   // "realms.shop.logto.app_secret_file"
  std::string path;  // absolute
};

struct Settings {
  std::vector<Origin> external_urls;  // a host "*.example.com" stands for any with one label in its place
  std::vector<ListenSettings> listen = {ListenSettings{}};
  std::string acme_webroot;  // where another ACME client puts its answers (RFC 8555 8.3); empty: nowhere
  ListenSettings admin{ListenSettings::Kind::tcp, "127.0.0.1", 9180, ""};
  int workers = 0;  // 0: the CPUs that this process may use
  std::vector<Cidr> trusted_proxies;
  std::string client_ip_header;  // in which they name the client; empty: X-Forwarded-For
  LimitSettings limits;
  TimeoutSettings timeouts;
  ShutdownSettings shutdown;
  TraceMode trace_context = TraceMode::pass;
  LogtoSettings logto;
  SessionSettings session;
  RevocationSettings revocations;
  RedisSettings redis;
  std::string auth_prefix = "/_auth";
  std::optional<std::int64_t> check_after_ms =
      10'000;  // of the start: what the doctor sees without a secret, into the log
  std::map<std::string, UpstreamSettings> upstreams;
  std::vector<IdentityHeaderSettings> identity_headers = {
      {"X-Forwarded-User", "sub", HeaderEncoding::percent},
      {"X-Forwarded-Email", "email", HeaderEncoding::percent},
      {"X-Forwarded-Preferred-Username", "username", HeaderEncoding::percent},
      {"X-Forwarded-Groups", "roles", HeaderEncoding::percent},
  };
  IdentityPreset identity_preset = IdentityPreset::none;
  LogSettings log;
  HeaderChanges request_headers;
  HeaderChanges response_headers;
  AnswerPreset answer_preset = AnswerPreset::none;
  AccessLogSettings access_log;
  BearerSettings bearer;
  PatreonSettings patreon;
  ForwardAuthSettings forward_auth;
  HealthSettings health;
  std::optional<Origin> sign_in_url;  // the one origin that runs sign-in for all
  PagesSettings pages;
  std::vector<RouteSettings> routes;
  std::vector<RuleTestSettings> tests;

  std::string realm = "default";      // that these are the settings of
  std::vector<RealmSettings> realms;  // all of the process; empty: one, which is logto and external_urls above

  std::vector<SecretFile> secret_files;          // for commands
  std::shared_ptr<ProvisionSettings> provision;  // for commands, not changed once loaded; null: not in the file
};

}  // namespace lp
