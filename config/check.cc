#include "config/check.h"

#include <algorithm>

#include "base/encoding.h"
#include "config/claims.h"
#include "config/value.h"

namespace lp {
namespace {

bool is_loopback(const std::string& host) {
  return host == "localhost" || host.substr(0, 4) == "127." || host == "[::1]" || host == "::1" ||
         (host.size() > 10 && host.substr(host.size() - 10) == ".localhost");
}

bool all_https(const Settings& s) {
  return std::all_of(s.external_urls.begin(), s.external_urls.end(), [](const Origin& o) { return o.is_https(); });
}

bool has_scope(const Settings& s, std::string_view scope) {
  return std::find(s.logto.scopes.begin(), s.logto.scopes.end(), scope) != s.logto.scopes.end();
}

std::string element(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index + 1) + "]";
}

// The request's Host picks the origin, and says nothing of the scheme.
void external_urls_differ_by_host(const Settings& s, Report& report) {
  for (std::size_t i = 0; i < s.external_urls.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (s.external_urls[i].authority() != s.external_urls[j].authority()) continue;
      report.problem("external_urls", "two origins with the same Host, '" + s.external_urls[i].authority() +
                                          "': a request could not tell them apart");
    }
  }
}

void external_urls_are_encrypted(const Settings& s, Report& report) {
  for (const auto& origin : s.external_urls) {
    if (origin.is_https() || is_loopback(origin.host)) continue;
    report.warning("external_urls", origin.text() + " is not https: anybody on the way can take sessions over");
  }
}

bool same_place(const ListenSettings& a, const ListenSettings& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == ListenSettings::Kind::unix_socket) return a.path == b.path;
  const auto any = [](const ListenSettings& l) { return l.host == "0.0.0.0" || l.host == "::"; };
  return a.port == b.port && a.port != 0 && (a.host == b.host || any(a) || any(b));
}

void listeners_are_apart(const Settings& s, Report& report) {
  if (report.has_problem_in("listen")) return;
  if (s.listen.empty()) report.problem("listen", "expected at least one address");
  for (std::size_t i = 0; i < s.listen.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const bool v4_and_v6 =
          (s.listen[i].host.find(':') == std::string::npos) != (s.listen[j].host.find(':') == std::string::npos);
      if (v4_and_v6 || !same_place(s.listen[i], s.listen[j])) continue;
      report.problem(element("listen", i), "the same address as " + element("listen", j));
    }
    if (!same_place(s.listen[i], s.admin)) continue;
    report.problem(report.has("admin.listen") ? "admin.listen" : element("listen", i),
                   "the admin listener and a public one cannot share " + format_listen(s.admin));
  }
}

void admin_is_private(const Settings& s, Report& report) {
  if (s.admin.kind == ListenSettings::Kind::unix_socket || is_loopback(s.admin.host)) return;
  report.warning("admin.listen", "reachable from other machines: it asks nobody who they are");
}

void not_everybody_is_trusted(const Settings& s, Report& report) {
  for (std::size_t i = 0; i < s.trusted_proxies.size(); ++i) {
    const Cidr& cidr = s.trusted_proxies[i];
    const bool all_v4 = cidr.prefix_bits == 96 && format_cidr(cidr) == "0.0.0.0/0";
    if (cidr.prefix_bits != 0 && !all_v4) continue;
    report.warning("trusted_proxies",
                   format_cidr(cidr) + " lets every client choose the address that it seems to have");
  }
}

void target_fits_the_head(const Settings& s, Report& report) {
  if (s.limits.target_bytes <= s.limits.request_head_bytes) return;
  report.problem(report.has("limits.target") ? "limits.target" : "limits.request_head",
                 "expected limits.target to be at most limits.request_head, of which it is a part, found " +
                     format_size(s.limits.target_bytes) + " and " + format_size(s.limits.request_head_bytes));
}

void logto_is_encrypted(const Settings& s, Report& report) {
  const Origin& endpoint = s.logto.endpoint;
  if (endpoint.host.empty() || endpoint.is_https() || is_loopback(endpoint.host)) return;
  report.warning("logto.endpoint", endpoint.text() + " is not https: anybody on the way can sign in as anybody");
}

// A secret has two ways in; exactly one must be taken.
void one_of(Report& report, const std::string& key, std::string_view what) {
  const std::string file_key = key + "_file";
  if (report.has(key) && report.has(file_key)) {
    report.problem(file_key, "expected one of " + key + " and " + file_key + ", found both");
  } else if (!report.has(key) && !report.has(file_key)) {
    report.problem(key, "required: expected " + std::string(what) + ", found nothing");
  }
}

void secrets_are_there(const Settings&, Report& report) {
  one_of(report, "logto.app_secret", "the application's secret (or app_secret_file)");
  one_of(report, "session.secret", "base64 of 32 bytes or more (or secret_file); `logto-proxy secret` prints one");
}

void prompt_none_can_sign_in(const Settings& s, Report& report) {
  static constexpr std::string_view kMessage =
      "none never shows a sign-in page: whoever is not signed in at Logto already cannot sign in";
  if (s.logto.sign_in.prompt == "none") report.warning("logto.sign_in.prompt", std::string(kMessage));
  for (std::size_t i = 0; i < s.routes.size(); ++i) {
    if (s.routes[i].sign_in.prompt != "none") continue;
    report.warning(element("routes", i) + ".sign_in.prompt", std::string(kMessage));
  }
}

void lifetimes_fit(const Settings& s, Report& report) {
  const auto& session = s.session;
  if (session.idle_timeout_ms > session.max_lifetime_ms) {
    report.problem(report.has("session.idle_timeout") ? "session.idle_timeout" : "session.max_lifetime",
                   "expected session.idle_timeout to be at most session.max_lifetime, found " +
                       format_duration(session.idle_timeout_ms) + " and " + format_duration(session.max_lifetime_ms));
  } else if (session.revalidate_ms >= session.max_lifetime_ms && report.has("session.revalidate")) {
    report.warning("session.revalidate", "not shorter than session.max_lifetime: sessions are never revalidated");
  }
}

// What browsers do with a cookie that breaks the rules of its name: they drop it (RFC 6265bis 4.1.3).
void cookie_will_be_kept(const Settings& s, Report& report) {
  const CookieSettings& cookie = s.session.cookie;
  const std::string name = ascii_lower(cookie.name);
  const bool host_prefix = name.substr(0, 7) == "__host-";
  const bool secure_prefix = name.substr(0, 9) == "__secure-";
  if (report.has_problem_in("external_urls")) return;
  if ((host_prefix || secure_prefix) && !all_https(s)) {
    report.problem("session.cookie.name", "browsers drop a cookie of this name on http:// external URLs");
  } else if (!cookie.name.empty() && !host_prefix && all_https(s)) {
    report.warning("session.cookie.name",
                   "without __Host- in front, other hosts of the domain can overwrite the cookie");
  }
  if (name.find("logto_pending") != std::string::npos) {
    report.problem("session.cookie.name", "names with logto_pending belong to sign-ins under way");
  }
  if (cookie.same_site == SameSite::none && !all_https(s)) {
    report.problem("session.cookie.same_site",
                   "none needs https:// in all external_urls: browsers drop the cookie otherwise");
  }
}

std::string folded(std::string_view header) {
  std::string out = ascii_lower(header);
  std::replace(out.begin(), out.end(), '_', '-');
  std::replace(out.begin(), out.end(), '.', '-');
  return out;
}

// Names whose meaning would break the message, the forwarding or the app's own security.
constexpr std::string_view kForbiddenHeaders[] = {
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "host",
    "cookie",
    "set-cookie",
    "authorization",
    "proxy-authorization",
    "proxy-authenticate",
    "www-authenticate",
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-real-ip",
    "x-request-id",
    "origin",
    "referer",
    "range",
    "date",
    "max-forwards",
    "proxy",
    "user-agent",
    "cache-control",
    "pragma",
    "x-http-method-override",
};
constexpr std::string_view kForbiddenPrefixes[] = {"content-", "sec-", "if-", "accept", "access-control-"};

bool is_forbidden_header(const std::string& name) {
  const auto begins = [&](std::string_view prefix) { return name.substr(0, prefix.size()) == prefix; };
  return std::find(std::begin(kForbiddenHeaders), std::end(kForbiddenHeaders), name) != std::end(kForbiddenHeaders) ||
         std::any_of(std::begin(kForbiddenPrefixes), std::end(kForbiddenPrefixes), begins);
}

void identity_headers_are_ours(const Settings& s, Report& report) {
  std::vector<std::string> seen;
  for (const auto& header : s.identity_headers) {
    const std::string key = "identity_headers." + header.header;
    const std::string name = folded(header.header);
    if (!is_token(header.header)) {
      report.problem(key, "expected a header name, found '" + header.header + "'");
    } else if (is_forbidden_header(name)) {
      report.problem(key, "this header has a meaning of its own in HTTP and cannot carry an identity");
    } else if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      report.problem(key,
                     "apps take this for the same name as an earlier one (case, '-', '_' and '.' are alike to many)");
    }
    seen.push_back(name);
  }
}

void claims_have_their_scopes(const Settings& s, Report& report) {
  for (const auto& header : s.identity_headers) {
    const auto scope = scope_of_claim(header.claim);
    if (scope.empty() || has_scope(s, scope) || report.has_problem_in("logto.scopes")) continue;
    report.warning("identity_headers." + header.header, "Logto tells the claim '" + header.claim +
                                                            "' only with the scope '" + std::string(scope) +
                                                            "', which logto.scopes lacks");
  }
}

void upstreams_are_used(const Settings& s, Report& report) {
  for (const auto& [name, upstream] : s.upstreams) {
    const std::string key = "upstreams." + name;
    const bool legal = std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (name.empty() || !legal) report.problem(key, "expected a name of visible ASCII characters");
    const bool url = report.has(key + ".url");
    const bool servers = report.has(key + ".servers");
    if (url && servers) report.problem(key + ".servers", "expected one of url and servers, found both");
    if (!url && !servers && !report.has_problem_in(key)) {
      report.problem(key, "required: expected url, as in http://wiki:8080, found nothing");
    }
    const bool is_unix = upstream.kind == UpstreamSettings::Kind::unix_socket;
    if (is_unix && upstream.host_header == UpstreamSettings::Host::upstream) {
      report.problem(key + ".host", "a unix socket has no host name: write the name itself, or client");
    }
    const bool used = std::any_of(s.routes.begin(), s.routes.end(),
                                  [&, n = name](const RouteSettings& route) { return route.upstream == n; });
    if (!used) report.warning(key, "no route uses this upstream");
  }
}

void redis_is_there(const Settings& s, Report& report) {
  if (s.redis.is_configured() || report.has_problem_in("redis")) return;
  if (s.session.store == SessionStore::redis) {
    report.problem("session.store", "sessions in Redis need redis.url");
  }
  if (s.revocations.share) report.problem("revocations.share", "sharing through Redis needs redis.url");
  for (const char* key : {"redis.password", "redis.password_file", "redis.ca_file"}) {
    if (!report.has(key)) continue;
    report.problem("redis.url", "required: expected redis://HOST:PORT/DB, found nothing");
    return;
  }
}

void redis_is_encrypted(const Settings& s, Report& report) {
  const RedisSettings& redis = s.redis;
  if (redis.kind != RedisSettings::Kind::tcp || redis.tls || is_loopback(redis.host)) return;
  report.warning("redis.url", "is not rediss://: anybody on the way can read its password and change what it says");
}

void one_password_of_redis(const Settings&, Report& report) {
  if (!report.has("redis.password") || !report.has("redis.password_file")) return;
  report.problem("redis.password_file", "expected one of redis.password and redis.password_file, found both");
}

void one_webhook_secret(const Settings&, Report& report) {
  if (!report.has("logto.webhook_secret") || !report.has("logto.webhook_secret_file")) return;
  report.problem("logto.webhook_secret_file",
                 "expected one of logto.webhook_secret and logto.webhook_secret_file, found both");
}

void backchannel_host_is_apart(const Settings& s, Report& report) {
  const auto& url = s.logto.backchannel_url;
  if (!url) return;
  for (const auto& origin : s.external_urls) {
    if (origin.authority() != url->authority()) continue;
    report.problem("logto.backchannel_url", "has the Host of an external URL: Logto reaches that one without this key");
  }
}

using Rule = void (*)(const Settings&, Report&);
constexpr Rule kRules[] = {
    external_urls_differ_by_host,
    external_urls_are_encrypted,
    listeners_are_apart,
    admin_is_private,
    not_everybody_is_trusted,
    target_fits_the_head,
    logto_is_encrypted,
    secrets_are_there,
    prompt_none_can_sign_in,
    lifetimes_fit,
    redis_is_there,
    redis_is_encrypted,
    one_password_of_redis,
    one_webhook_secret,
    backchannel_host_is_apart,
    cookie_will_be_kept,
    identity_headers_are_ours,
    claims_have_their_scopes,
    upstreams_are_used,
    check_routes,
};

}  // namespace

std::vector<std::string> notes_on(const Settings& settings) {
  std::vector<std::string> notes;
  if (!settings.redis.is_configured() && settings.logto.refresh != RefreshMode::off) {
    notes.emplace_back(
        "several replicas behind one name need redis.url: without it two of them may use one refresh token at a time, "
        "and a token used twice ends the user's sessions at Logto");
  }
  if (settings.redis.is_configured() && settings.session.store == SessionStore::cookie && !settings.revocations.share) {
    notes.emplace_back("revocations.share is off: a session that ends on one replica goes on on the others");
  }
  // With share, Redis tells a process that starts what has ended.
  if (settings.revocations.journal.empty() && !settings.revocations.share &&
      settings.session.store == SessionStore::cookie) {
    notes.emplace_back(
        "revocations.journal is not set: after a restart, cookies of sessions that were signed out are good again "
        "until they expire");
  }
  return notes;
}

void check_settings(const Settings& settings, Report& report) {
  for (const Rule rule : kRules) rule(settings, report);
}

}  // namespace lp
