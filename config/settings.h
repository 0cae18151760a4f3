#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/url.h"

// What a configuration file says, typed, with the defaults in place. Made once by config/load, then immutable and
// shared: every thread holds a shared_ptr<const Settings>. Times are in milliseconds, sizes in bytes.
namespace lp {

inline constexpr std::int64_t kSecond = 1000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDay = 24 * kHour;
inline constexpr std::int64_t kUnlimited = -1;

// An address range in network order; IPv4 is kept v4-mapped so that ::ffff:10.0.0.1 and 10.0.0.1 are the same.
struct Cidr {
  std::array<std::uint8_t, 16> address{};
  int prefix_bits = 128;
  bool operator==(const Cidr&) const = default;
};

struct ListenSettings {
  enum class Kind { tcp, unix_socket };
  Kind kind = Kind::tcp;
  std::string host = "127.0.0.1";  // an IP literal, IPv6 without brackets
  std::uint16_t port = 8080;       // 0: any free one
  std::string path;                // unix socket
};

struct LimitSettings {
  std::int64_t request_head_bytes = 64 * 1024;
  std::int64_t header_count = 200;
  std::int64_t target_bytes = 16 * 1024;
  std::int64_t request_body_bytes = kUnlimited;
  std::int64_t connections = 10000;
  std::int64_t held_requests_bytes = 64LL * 1024 * 1024;  // of all held form posts together; 0: none is held
};

struct TimeoutSettings {
  std::int64_t request_head_ms = 15 * kSecond;
  std::int64_t idle_connection_ms = 75 * kSecond;
  std::int64_t body_idle_ms = 60 * kSecond;
};

// Parameters of the authorization request that an operator may choose; unset means inherit, then leave out.
struct SignInSettings {
  std::optional<std::string> with;          // "social:linkedin", "sso:CONNECTOR_ID"
  std::optional<std::string> first_screen;  // one of Logto's values (logto-facts.md, section 2)
  std::optional<std::string> prompt;        // login | consent | none
  std::optional<std::string> ui_locales;
  std::optional<bool> keep_fragment;
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

  [[nodiscard]] std::string issuer() const { return endpoint.text() + "/oidc"; }
};

enum class SameSite { lax, none };

struct CookieSettings {
  std::string name;  // empty: chosen by scheme and domain, see auth/cookie_names.h
  SameSite same_site = SameSite::lax;
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
};

enum class HeaderEncoding { percent, utf8 };

struct IdentityHeaderSettings {
  std::string header;
  std::string claim;
  HeaderEncoding encoding = HeaderEncoding::percent;
};

enum class Access { public_, optional, signed_in, deny };
enum class Unauthenticated { automatic, redirect, status_401 };
enum class EncodedSlash { reject, keep };

struct PathPattern {
  enum class Kind { exact, prefix, regex };
  Kind kind = Kind::prefix;
  std::string text;  // exact: the path; prefix: without the trailing "/*" ("" for "/*"); regex: the RE2 pattern
};

struct RequireSettings {
  std::vector<std::string> roles;   // any one of them
  std::vector<std::string> social;  // a linked identity at any one of these targets
  [[nodiscard]] bool empty() const { return roles.empty() && social.empty(); }
};

struct RouteSettings {
  int index = 0;      // position in the file, from 1
  std::string label;  // "#3 /admin/*": for logs and messages
  std::string host;   // empty: any; "*.example.com": exactly one label more
  PathPattern path;
  std::vector<std::string> methods;  // empty: any
  Access access = Access::signed_in;
  RequireSettings require;
  Unauthenticated unauthenticated = Unauthenticated::automatic;
  SignInSettings sign_in;  // over the defaults of logto.sign_in
  std::string upstream;    // name in Settings::upstreams; empty only for access: deny
  std::string strip_prefix;
  EncodedSlash encoded_slash = EncodedSlash::reject;
  std::vector<Origin> allowed_origins;
  bool hold_requests = true;  // a form post that meets an expired session waits for the sign-in
};

struct AccessLogSettings {
  bool enabled = true;
};

struct Settings {
  std::vector<Origin> external_urls;
  std::vector<ListenSettings> listen = {ListenSettings{}};
  ListenSettings admin{ListenSettings::Kind::tcp, "127.0.0.1", 9180, ""};
  int workers = 0;  // 0: the CPUs that this process may use
  std::vector<Cidr> trusted_proxies;
  LimitSettings limits;
  TimeoutSettings timeouts;
  LogtoSettings logto;
  SessionSettings session;
  RevocationSettings revocations;
  RedisSettings redis;
  std::string auth_prefix = "/_auth";
  std::map<std::string, UpstreamSettings> upstreams;
  std::vector<IdentityHeaderSettings> identity_headers = {
      {"X-Forwarded-User", "sub", HeaderEncoding::percent},
      {"X-Forwarded-Email", "email", HeaderEncoding::percent},
      {"X-Forwarded-Preferred-Username", "username", HeaderEncoding::percent},
      {"X-Forwarded-Groups", "roles", HeaderEncoding::percent},
  };
  AccessLogSettings access_log;
  std::vector<RouteSettings> routes;

  std::string realm = "default";  // the seam for several Logto applications; one for now
};

}  // namespace lp
