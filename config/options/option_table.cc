#include "config/options/option_table.h"

#include "base/one_of.h"
#include "config/guessable.h"
#include "config/options/bearer_options.h"
#include "config/options/binding.h"
#include "config/options/claims_binding.h"
#include "config/options/field_options.h"
#include "config/options/identity_binding.h"
#include "config/options/list_group.h"
#include "config/options/option_bindings.h"
#include "config/options/page_options.h"
#include "config/options/patreon_options.h"
#include "config/options/provision_options.h"
#include "config/options/route_limit_options.h"
#include "config/options/route_options.h"
#include "config/options/rule_test_options.h"
#include "config/options/tls_options.h"
#include "config/value.h"

namespace lp {
namespace {

constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kGiB = kKiB * kKiB * kKiB;
constexpr std::int64_t kLongest = 400 * kDay;  // browsers cap a cookie's life there

using Table = std::vector<Option>;

// What stands at the top where there is one realm, and in each realm where there are several.
void add_origins(Table& table, const std::string& prefix) {
  table.push_back(
      {prefix + "external_urls", "a list of origins such as https://app.example.com", "", 0, 0, kRequired | kNonEmpty,
       "Origins that browsers use. Redirect URIs, links and cookie flags come from here, never from request "
       "headers. With sign_in_url one may be https://*.example.com.",
       external_urls_binding()});
  table.push_back({prefix + "sign_in_url", "an origin such as https://auth.example.com", "null", 0, 0, kPlain,
                   "The one origin that runs sign-in for all external URLs; needs a cookie domain.",
                   optional_origin_binding(LP_FIELD(sign_in_url()))});
}

void add_cookie_domain(Table& table, std::string path) {
  table.push_back({std::move(path), "a domain such as example.com", "null", 0, 0, kPlain,
                   "One session for all hosts of this domain, every one of which must be trusted; null: for each host.",
                   text(LP_FIELD(cookie_domain()), parse_cookie_domain)});
}

void add_addresses(Table& table) {
  add_origins(table, "");
  table.push_back({"listen[].address", "an address", "127.0.0.1:8080", 0, 0, kRequired,
                   "Where to listen: IP:PORT, unix:/PATH or unix:@NAME (abstract). Port 0 takes a free one.",
                   scalar<ListenSettings>([](const Scope& s) -> ListenSettings& { return *s.listen; }, parse_listen,
                                          format_listen)});
  add_listen_tls_options(table);
  table.push_back({"admin.listen", "an address", "127.0.0.1:9180", 0, 0, kPlain,
                   "/healthz and /readyz; never on a public listener.",
                   scalar<ListenSettings>(LP_FIELD(settings->admin), parse_listen, format_listen)});
  table.push_back({"workers", "auto or a whole number", "auto", 1, 1024, kPlain,
                   "Event loops; auto: the CPUs that this process may use.", workers_binding()});
  table.push_back({"trusted_proxies", "a list of addresses and ranges such as 10.0.0.0/8", "[]", 0, 0, kPlain,
                   "Whose X-Forwarded-* and X-Request-Id are believed; nobody by default.",
                   list<Cidr>(LP_FIELD(settings->trusted_proxies), parse_cidr, format_cidr)});
}

void add_limits(Table& table) {
  table.push_back({"limits.request_head", "a size", "64KiB", kKiB, 16 * kKiB * kKiB, kPlain,
                   "Request line and header fields together; more is 431.",
                   size(LP_FIELD(settings->limits.request_head_bytes))});
  table.push_back({"limits.header_count", "a whole number", "200", 10, 10000, kPlain,
                   "Header fields of a request; more is 431.", count(LP_FIELD(settings->limits.header_count))});
  table.push_back({"limits.target", "a size", "16KiB", 256, 1024 * kKiB, kPlain,
                   "Path and query of a request; more is 414.", size(LP_FIELD(settings->limits.target_bytes))});
  table.push_back({"limits.request_body", "a size or none", "none", 0, 1024 * kGiB, kNarrows,
                   "Body of a request; more is 413.", size(LP_FIELD(settings->limits.request_body_bytes))});
  table.push_back({"limits.http2_streams", "a whole number", "100", 1, 1000, kPlain,
                   "Requests at one time of one connection of HTTP/2.",
                   count(LP_FIELD(settings->limits.http2_streams))});
  table.push_back({"limits.connections", "a whole number", "10000", 1, 1000000, kPlain,
                   "Client connections at one time; beyond, those idle for longest go.",
                   count(LP_FIELD(settings->limits.connections))});
  table.push_back({"limits.connections_per_address", "auto or a whole number", "auto", 1, 1000000, kPlain,
                   "Of one client address (IPv6: /64) but trusted_proxies; auto: half of all.",
                   connections_per_address_binding()});
  table.push_back({"limits.buffered", "a size", "64MiB", 4 * kKiB * kKiB, 64 * kGiB, kPlain,
                   "Memory for parts of requests and answers that wait, of all connections together.",
                   size(LP_FIELD(settings->limits.buffered_bytes))});
  table.push_back({"limits.held_requests", "a size", "64MiB", 0, 16 * kGiB, kPlain,
                   "All form posts together that wait for a sign-in, at most 1 MiB each; 0 holds none.",
                   size(LP_FIELD(settings->limits.held_requests_bytes))});
  table.push_back({"limits.handshakes_per_address", "auto, none or a whole number", "auto", 1, 1000000, kPlain,
                   "Connections with TLS that one address may begin a second, ten times as many at once; auto: 100.",
                   handshakes_per_address_binding()});
  table.push_back({"limits.unauthenticated_per_address", "none or a whole number", "500", 1, 1000000, kPlain,
                   "Likewise sign-ins, callbacks, our own pages, and what brings a false cookie or token; then 429.",
                   count_or_word(LP_FIELD(settings->limits.unauthenticated_per_address), "none", kUnlimited)});
  table.push_back({"limits.public_per_address", "none or a whole number", "none", 1, 1000000, kPlain,
                   "Likewise what comes to public routes, whoever it is, and without a session or token to others.",
                   count_or_word(LP_FIELD(settings->limits.public_per_address), "none", kUnlimited)});
  table.push_back({"limits.minimum_rate", "a size or none", "100", 1, kKiB * kKiB, kPlain,
                   "Bytes a second that a client must send of a request, or take of an answer; event streams are free.",
                   size(LP_FIELD(settings->limits.minimum_rate))});
  table.push_back({"timeouts.first_byte", "a duration", "10s", 100, kHour, kPlain,
                   "A new client connection that has not sent anything.",
                   duration(LP_FIELD(settings->timeouts.first_byte_ms))});
  table.push_back({"timeouts.request_head", "a duration", "15s", 100, kHour, kPlain,
                   "From the first byte of a request to the end of its head; then 408.",
                   duration(LP_FIELD(settings->timeouts.request_head_ms))});
  table.push_back({"timeouts.idle_connection", "a duration", "75s", 100, kDay, kPlain,
                   "A kept-alive client connection between requests.",
                   duration(LP_FIELD(settings->timeouts.idle_connection_ms))});
  table.push_back({"timeouts.body_idle", "a duration", "60s", 100, kDay, kPlain, "Silence within a request body.",
                   duration(LP_FIELD(settings->timeouts.body_idle_ms))});
  table.push_back({"timeouts.rate_window", "a duration", "60s", kSecond, kHour, kPlain,
                   "How far a client may be behind limits.minimum_rate.",
                   duration(LP_FIELD(settings->timeouts.rate_window_ms))});
  table.push_back({"shutdown.ready_wait", "a duration", "7s", 0, kHour, kPlain,
                   "From SIGTERM on /readyz is 503, but all is served on for so long; not where nobody asks /readyz.",
                   duration(LP_FIELD(settings->shutdown.ready_wait_ms))});
  table.push_back({"trace_context", "pass, make or off", "pass", 0, 0, kPlain,
                   "traceparent: pass takes out what is none, make begins a trace then, off leaves it as it came.",
                   choice<TraceMode>(LP_FIELD(settings->trace_context),
                                     {{"pass", TraceMode::pass}, {"make", TraceMode::make}, {"off", TraceMode::off}})});
}

void add_logto(Table& table, const std::string& prefix) {
  table.push_back({prefix + "endpoint", "an origin such as https://tenant.logto.app", "", 0, 0, kRequired,
                   "As the browser sees it; the issuer is {endpoint}/oidc, everything else comes by discovery.",
                   origin_binding(LP_FIELD(logto().endpoint))});
  table.push_back({prefix + "connect_to", "an origin such as http://logto:3001", "null", 0, 0, kPlain,
                   "Where logto-proxy reaches Logto, if elsewhere; Host and X-Forwarded-Proto stay the endpoint's.",
                   optional_origin_binding(LP_FIELD(logto().connect_to))});
  table.push_back({prefix + "backchannel_url", "an origin such as http://proxy:8080", "null", 0, 0, kPlain,
                   "Where Logto reaches back-channel logout and webhook, if not at the first external URL.",
                   optional_origin_binding(LP_FIELD(logto().backchannel_url))});
  table.push_back({prefix + "ca_file", "a file", "null", 0, 0, kNarrows,
                   "Certificate authorities (PEM) that vouch for Logto; null: the system's.",
                   ca_file_binding(LP_FIELD(logto().ca_file))});
  table.push_back({prefix + "app_id", "the application's id", "", 0, 0, kRequired, "Of the application in Logto.",
                   text(LP_FIELD(logto().app_id), parse_visible_text)});
  table.push_back({prefix + "app_id_file", "a file", "null", 0, 0, kProvisioned,
                   "A file that holds app_id; `logto-proxy provision` writes it.", app_id_file_binding()});
  table.push_back(
      {prefix + "app_secret", "the application's secret, or a list of two", "null", 0, 0, kSecret | kNonEmpty,
       "Of the application in Logto, which is a traditional web application. Refused one, the other is tried.",
       app_secret_binding()});
  table.push_back({prefix + "app_secret_file", "a file", "null", 0, 0, kProvisioned,
                   "A file that holds app_secret, one in each line.", app_secret_file_binding()});
  table.push_back({prefix + "scopes", "a list of scopes", "[profile, email, roles]", 0, 0, kPlain,
                   "What is asked of Logto; openid is always sent.", scopes_binding()});
  table.push_back({prefix + "webhook_secret", "the signing key of a webhook", "null", 0, 0, kSecret,
                   "Of a webhook in Logto that tells of suspended and deleted users; null: /_auth/webhook is 404.",
                   secret_binding(LP_FIELD(logto().webhook_secret))});
  table.push_back({prefix + "webhook_secret_file", "a file", "null", 0, 0, kProvisioned,
                   "A file that holds webhook_secret.", secret_file_binding(LP_FIELD(logto().webhook_secret))});
  table.push_back(
      {prefix + "refresh", "auto, offline_access or off", "auto", 0, 0, kPlain,
       "auto keeps a refresh token if one comes, offline_access asks for one, off keeps none. Revoked at sign-out.",
       choice<RefreshMode>(LP_FIELD(logto().refresh), {{"auto", RefreshMode::automatic},
                                                       {"offline_access", RefreshMode::offline_access},
                                                       {"off", RefreshMode::off}})});
  table.push_back({prefix + "refresh_early", "a duration", "1m", 0, kHour, kPlain,
                   "How long before they expire tokens are refreshed, off the request's path.",
                   duration(LP_FIELD(logto().refresh_early_ms))});
  table.push_back({prefix + "max_calls", "a whole number", "32", 1, 1000, kPlain,
                   "Calls to Logto at one time; others wait for their turn.", count(LP_FIELD(logto().max_calls))});
  table.push_back({prefix + "trust_email", "true or false", "false", 0, 0, kPlain,
                   "Logto's email_verified only says that there is an address.",
                   boolean(LP_FIELD(logto().trust_email))});
  add_sign_in_options(table, prefix + "sign_in.", "false");
  table.push_back({prefix + "sign_in.allow_parameters", "a list of parameters", "[]", 0, 0, kPlain,
                   "What a link to /_auth/sign-in may set: login_hint, ui_locales, one_time_token, first_screen, ...",
                   allowed_parameters_binding()});
}

void add_realms(Table& table) {
  add_origins(table, "realms.*.");
  add_cookie_domain(table, "realms.*.cookie_domain");
  add_logto(table, "realms.*.logto.");
}

void add_session(Table& table) {
  table.push_back({"session.secret", "base64 of 32 bytes or more, or a list", "null", 0, 0, kSecret | kNonEmpty,
                   "`logto-proxy secret` prints one. A list is a ring: the first seals, all open.",
                   session_secret_binding()});
  table.push_back({"session.secret_file", "a file", "null", 0, 0, kPlain, "A file that holds secret, one in each line.",
                   session_secret_file_binding()});
  table.push_back({"session.idle_timeout", "a duration", "24h", kSecond, kLongest, kPlain,
                   "A session that nobody uses ends.", duration(LP_FIELD(settings->session.idle_timeout_ms))});
  table.push_back({"session.max_lifetime", "a duration", "14d", kSecond, kLongest, kPlain,
                   "Every session ends, used or not.", duration(LP_FIELD(settings->session.max_lifetime_ms))});
  table.push_back(
      {"session.revalidate", "a duration", "1h", kSecond, kLongest, kPlain,
       "After this long Logto is asked whether it still vouches for the user: by refresh, else by the next navigation "
       "(prompt=none).",
       duration(LP_FIELD(settings->session.revalidate_ms))});
  table.push_back({"session.store", "cookie or redis", "cookie", 0, 0, kPlain,
                   "Where sessions live: in an encrypted cookie, or in Redis under a key that only the cookie holds.",
                   choice<SessionStore>(LP_FIELD(settings->session.store),
                                        {{"cookie", SessionStore::cookie}, {"redis", SessionStore::redis}})});
  table.push_back({"session.cookie.name", "a cookie name", "null", 0, 0, kPlain,
                   "null: __Host-logto_session on https (__Secure- with a domain), logto_session on http.",
                   text(LP_FIELD(settings->session.cookie.name), parse_cookie_name)});
  table.push_back({"session.cookie.same_site", "lax or none", "lax", 0, 0, kPlain,
                   "none lets pages of other sites frame the app; it needs https.", same_site_binding()});
  table.push_back({"session.cookie.partitioned", "true or false", "false", 0, 0, kPlain,
                   "A cookie of its own for each site that frames the app (CHIPS); it needs same_site: none.",
                   boolean(LP_FIELD(settings->session.cookie.partitioned))});
  table.push_back(
      {"session.cookie.lifetime", "session or browser", "session", 0, 0, kPlain,
       "For how long browsers keep it: as long as the session may last, or until they are closed.",
       choice<CookieLifetime>(LP_FIELD(settings->session.cookie.lifetime),
                              {{"session", CookieLifetime::session}, {"browser", CookieLifetime::browser}})});
  add_cookie_domain(table, "session.cookie.domain");
  table.push_back(
      {"session.claims", "a map of claims to what is kept of them", "{}", 0, 0, kNarrows,
       "Of these lists only the items that a pattern matches as a whole, as { roles: { keep: \"app-.*\" } }; "
       "nothing else of them counts, or is told.",
       kept_items_binding()});
  table.push_back({"auth_prefix", "a path", "/_auth", 0, 0, kPlain,
                   "Where sign-in, sign-up, callback, sign-out, signed-out and me are, on every external URL.",
                   text(LP_FIELD(settings->auth_prefix), parse_plain_path)});
  table.push_back({"check_after", "a duration or null", "10s", 0, kHour, kPlain,
                   "This long after the start, what `doctor` asks without a secret is asked, and warnings are logged.",
                   optional_duration(LP_FIELD(settings->check_after_ms))});
}

void add_forward_auth(Table& table) {
  table.push_back({"forward_auth.enabled", "true or false", "false", 0, 0, kPlain,
                   "Answers other proxies at {auth_prefix}/check; those in trusted_proxies may ask.",
                   boolean(LP_FIELD(settings->forward_auth.enabled))});
  table.push_back(
      {"forward_auth.oauth2_proxy", "true, false or a path", "false", 0, 0, kPlain,
       "Serves oauth2-proxy's endpoints below /oauth2 or that path; the redirect URI is /oauth2/callback "
       "then, or the callback below that path.",
       scalar<std::string>(LP_FIELD(settings->forward_auth.oauth2_proxy), parse_oauth2_prefix, format_oauth2_prefix)});
  table.push_back({"forward_auth.listen", "a list of addresses such as 127.0.0.1:8081", "[]", 0, 0, kNarrows,
                   "Checks are answered there and nowhere else, and nothing else is there: IP:PORT or unix:/PATH.",
                   list<ListenSettings>(LP_FIELD(settings->forward_auth.listen), parse_listen, format_listen)});
  table.push_back({"forward_auth.secret", "a secret of 16 characters or more", "null", 16, 0, kSecret | kNarrows,
                   "That the asking proxy sends in secret_header; without it there is no {auth_prefix}/check.",
                   secret_binding(LP_FIELD(settings->forward_auth.secret), kGuessable)});
  table.push_back({"forward_auth.secret_file", "a file", "null", 16, 0, kNarrows, "A file that holds secret.",
                   secret_file_binding(LP_FIELD(settings->forward_auth.secret), kGuessable)});
  table.push_back({"forward_auth.secret_header", "the name of a header field", "X-Logto-Proxy-Check-Secret", 0, 0,
                   kPlain, "The field that holds secret; no app gets it.",
                   text(LP_FIELD(settings->forward_auth.secret_header), parse_field_name)});
}

void add_health(Table& table) {
  table.push_back({"health.ping", "a list of paths such as /ping", "[]", 0, 0, kPlain,
                   "GET and HEAD of these are 200 for anybody, under any Host, and reach no app.",
                   texts(LP_FIELD(settings->health.ping), parse_plain_path)});
  table.push_back({"health.ping_user_agents", "a list of User-Agent values", "[]", 0, 0, kNarrows,
                   "Who alone is answered there; [] is whoever asks.",
                   texts(LP_FIELD(settings->health.ping_user_agents), parse_visible_text)});
  table.push_back({"health.ready", "a list of paths such as /ready", "[]", 0, 0, kPlain,
                   "Likewise, and 503 from SIGTERM on, as /readyz.",
                   texts(LP_FIELD(settings->health.ready), parse_plain_path)});
  table.push_back(
      {"health.robots_txt", "auto, true or false", "auto", 0, 0, kPlain,
       "Answers /robots.txt likewise, so that crawlers stay away; auto: of hosts where nothing is public.",
       choice<RobotsTxt>(
           LP_FIELD(settings->health.robots_txt),
           {{"auto", RobotsTxt::where_nothing_is_public}, {"true", RobotsTxt::always}, {"false", RobotsTxt::never}})});
}

void add_revocations(Table& table) {
  table.push_back({"revocations.journal", "a file", "null", 0, 0, kPlain,
                   "Keeps ended sessions ended over a restart; null: memory only.",
                   path_binding(LP_FIELD(settings->revocations.journal))});
  table.push_back({"revocations.share", "redis", "null", 0, 0, kPlain,
                   "Tells other replicas of ended sessions; null: this process only.",
                   choice<bool>(LP_FIELD(settings->revocations.share), {{"redis", true}})});
  table.push_back({"revocations.max", "a whole number", "1000000", 1000, 100000000, kPlain,
                   "Records kept at one time; beyond, the oldest sessions of all users end.",
                   count(LP_FIELD(settings->revocations.max))});
}

void add_redis(Table& table) {
  table.push_back({"redis.url", "redis://HOST:PORT/DB, rediss://... or unix:/PATH", "null", 0, 0, kPlain,
                   "Redis or Valkey; rediss:// is TLS. A user stands before the host as in redis://USER@HOST.",
                   redis_url_binding()});
  table.push_back({"redis.password", "a password", "null", 0, 0, kSecret, "Of that user, or of the default one.",
                   secret_binding(LP_FIELD(settings->redis.password))});
  table.push_back({"redis.password_file", "a file", "null", 0, 0, kPlain, "A file that holds password.",
                   secret_file_binding(LP_FIELD(settings->redis.password))});
  table.push_back({"redis.ca_file", "a file", "null", 0, 0, kNarrows,
                   "Certificate authorities (PEM) that vouch for Redis; null: the system's.",
                   ca_file_binding(LP_FIELD(settings->redis.ca_file))});
  table.push_back({"redis.prefix", "a word", "logto-proxy", 0, 0, kPlain, "What its keys begin with.",
                   text(LP_FIELD(settings->redis.prefix), parse_visible_text)});
  table.push_back({"redis.grace", "a duration", "5m", 0, kDay, kPlain,
                   "While Redis is away, sessions proven before go on for this long, with GET and HEAD only.",
                   duration(LP_FIELD(settings->redis.grace_ms))});
}

void add_upstream_connections(Table& table) {
  table.push_back({"upstreams.*.keep_alive", "off or a number of connections", "256", 0, 100'000, kPlain,
                   "Idle connections that each worker keeps; off: each connection is used once.",
                   count_or_word(LP_FIELD(upstream->keep_alive), "off", 0)});
  table.push_back({"upstreams.*.idle_time", "a duration", "1m", 100, kDay, kPlain,
                   "For how long an idle connection is kept; less where the app says so.",
                   duration(LP_FIELD(upstream->idle_time_ms))});
  table.push_back({"upstreams.*.max_connections", "unlimited or a number of connections", "unlimited", 1, 1'000'000,
                   kNarrows, "At most so many of all workers together; further requests wait.",
                   count_or_word(LP_FIELD(upstream->max_connections), "unlimited", kUnlimited)});
  table.push_back({"upstreams.*.queue", "a count", "1000", 0, 1'000'000, kPlain,
                   "With max_connections: so many requests wait; 503 for more.", count(LP_FIELD(upstream->queue))});
  table.push_back({"upstreams.*.queue_timeout", "a duration", "10s", 10, kHour, kPlain,
                   "With max_connections: for how long they wait; then 503.",
                   duration(LP_FIELD(upstream->queue_timeout_ms))});
}

void add_upstreams(Table& table) {
  table.push_back({"upstreams.*.url", "http://HOST:PORT, https://HOST:PORT, h2c://HOST:PORT or unix:/PATH", "", 0, 0,
                   kPlain, "The app. Names are resolved again by TTL.", upstream_url_binding()});
  table.push_back({"upstreams.*.servers", "a list of one URL", "null", 0, 0, kNonEmpty,
                   "Another way to write url; one server for now.", upstream_servers_binding()});
  table.push_back({"upstreams.*.http2", "true or false", "false", 0, 0, kPlain,
                   "The app is asked in HTTP/2, as gRPC needs it; h2c:// in url says so too, and means no TLS.",
                   boolean(LP_FIELD(upstream->http2))});
  table.push_back({"upstreams.*.host", "client, upstream or a host", "client", 0, 0, kPlain,
                   "The Host that the app gets: the client's, the upstream's or this one.", upstream_host_binding()});
  table.push_back({"upstreams.*.connect_timeout", "a duration", "5s", 10, kHour, kPlain, "To connect.",
                   duration(LP_FIELD(upstream->connect_timeout_ms))});
  table.push_back({"upstreams.*.response_timeout", "a duration", "60s", 10, kDay, kPlain,
                   "Until the head of the response; then 504.", duration(LP_FIELD(upstream->response_timeout_ms))});
  table.push_back({"upstreams.*.idle_timeout", "a duration", "1h", 10, 30 * kDay, kPlain,
                   "Silence in a response body or a tunnel.", duration(LP_FIELD(upstream->idle_timeout_ms))});
  add_upstream_connections(table);
  add_upstream_tls_options(table);
  table.push_back({"identity_headers", "a map of headers to claims",
                   "{X-Forwarded-User: sub, X-Forwarded-Email: email, X-Forwarded-Preferred-Username: username, "
                   "X-Forwarded-Groups: roles}",
                   0, 0, kPlain,
                   "What apps are told of people. Each a claim, or a map with claim, value, value_file or assertion.",
                   identity_headers_binding(LP_FIELD(settings->identity_headers), true)});
  table.push_back({"identity_preset", kPresetType, "null", 0, 0, kPlain,
                   "The header names of another proxy, in place of the default ones; identity_headers add to them.",
                   identity_preset_binding()});
}

void add_logs(Table& table) {
  using Level = LogSettings::Level;
  table.push_back(
      {"log.level", "debug, info, warning or error", "info", 0, 0, kPlain,
       "What of events is told on standard error, and what is graver.",
       choice<Level>(
           LP_FIELD(settings->log.level),
           {{"debug", Level::debug}, {"info", Level::info}, {"warning", Level::warning}, {"error", Level::error}})});
  table.push_back({"log.format", "auto, json or text", "auto", 0, 0, kPlain,
                   "json: one object a line. text: for people. auto: text on a terminal, json elsewhere.",
                   log_format_binding(LP_FIELD(settings->log.format))});
  table.push_back({"access_log.format", "auto, json or text", "auto", 0, 0, kPlain, "As of log.",
                   log_format_binding(LP_FIELD(settings->access_log.format))});
  table.push_back({"access_log.output", "stdout, off or a file", "stdout", 0, 0, kPlain,
                   "Where to, or off. SIGHUP opens a file anew.", access_log_output_binding()});
  table.push_back({"access_log.fields", "a list of fields", "null", 0, 0, kNonEmpty | kNarrows,
                   "Only these, besides the time; null: all.", access_log_fields_binding()});
  table.push_back({"access_log.exclude", "a list of paths", "[]", 0, 0, kPlain,
                   "Requests to these are left out, unless they are refused (a status from 400 on).",
                   access_log_exclude_binding()});
}

Table make_table() {
  Table table;
  add_addresses(table);
  add_limits(table);
  add_logto(table, "logto.");
  add_realms(table);
  add_provision_options(table);
  add_session(table);
  add_forward_auth(table);
  add_health(table);
  add_revocations(table);
  add_redis(table);
  add_upstreams(table);
  add_logs(table);
  add_field_options(table);
  add_bearer_options(table);
  add_patreon_options(table);
  add_route_options(table);
  add_route_field_options(table);
  add_route_limit_options(table);
  add_page_options(table);
  add_rule_test_options(table);
  return table;
}

Scope upstream_scope(Settings& settings, UpstreamSettings& upstream) { return {&settings, nullptr, &upstream}; }

Scope realm_scope(Settings& settings, RealmSettings& realm) {
  Scope scope;
  scope.settings = &settings;
  scope.realm = &realm;
  return scope;
}

Group realm_group() {
  return {"realms",
          Group::Kind::named,
          "",
          [](Settings& s) { s.realms.clear(); },
          [](Settings& s, const std::string& name) {
            auto& realm = s.realms.emplace_back();
            realm.name = name;
            return realm_scope(s, realm);
          },
          [](Settings& s) {
            std::vector<std::pair<std::string, Scope>> all;
            for (auto& realm : s.realms) all.emplace_back(realm.name, realm_scope(s, realm));
            return all;
          }};
}

Group listen_group() {
  return list_group(
      "listen", "address", [](Settings& s) -> std::vector<ListenSettings>& { return s.listen; }, &Scope::listen);
}

Group upstream_group() {
  return {"upstreams",
          Group::Kind::named,
          "url",
          [](Settings& s) { s.upstreams.clear(); },
          [](Settings& s, const std::string& name) {
            auto& upstream = s.upstreams[name];
            upstream.name = name;
            return upstream_scope(s, upstream);
          },
          [](Settings& s) {
            std::vector<std::pair<std::string, Scope>> all;
            for (auto& [name, upstream] : s.upstreams) all.emplace_back(name, upstream_scope(s, upstream));
            return all;
          }};
}

Group route_group() {
  return list_group(
      "routes", "", [](Settings& s) -> std::vector<RouteSettings>& { return s.routes; }, &Scope::route,
      &RouteSettings::index);
}

const std::vector<Group>& groups() {
  static const std::vector<Group> all{listen_group(),
                                      realm_group(),
                                      upstream_group(),
                                      route_group(),
                                      redirect_group(),
                                      compression_group(),
                                      app_group(),
                                      rule_test_group(),
                                      issuer_group(),
                                      provision_connector_group(),
                                      provision_resource_group(),
                                      provision_role_group(),
                                      provision_organization_role_group(),
                                      {"log", Group::Kind::map, "level", {}, {}, {}},
                                      {"access_log", Group::Kind::map, "output", {}, {}, {}}};
  return all;
}

}  // namespace

const std::vector<Option>& option_table() {
  static const Table table = make_table();
  return table;
}

const Option* find_option(std::string_view path) {
  for (const auto& option : option_table()) {
    if (option.path == path) return &option;
  }
  return nullptr;
}

const Group* find_group(std::string_view path) {
  for (const auto& group : groups()) {
    if (group.path == path) return &group;
  }
  return nullptr;
}

std::string join_path(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : std::string(path) + "." + std::string(key);
}

std::vector<std::string> child_keys(std::string_view path) {
  std::vector<std::string> keys;
  for (const auto& option : option_table()) {
    std::string_view rest = option.path;
    if (!path.empty()) {
      if (rest.substr(0, path.size()) != path || rest.size() <= path.size() || rest[path.size()] != '.') continue;
      rest.remove_prefix(path.size() + 1);
    }
    std::string key(rest.substr(0, rest.find_first_of(".[")));
    if (!is_one_of(key, keys)) keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace lp
