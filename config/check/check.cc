#include "config/check/check.h"

#include <algorithm>

#include "base/encoding.h"
#include "config/check/acme.h"
#include "config/check/answers.h"
#include "config/check/bearer.h"
#include "config/check/claims.h"
#include "config/check/client_certificates.h"
#include "config/check/fields.h"
#include "config/check/forward_auth.h"
#include "config/check/health.h"
#include "config/check/identity.h"
#include "config/check/loopback.h"
#include "config/check/organizations.h"
#include "config/check/pages.h"
#include "config/check/patreon.h"
#include "config/check/route_tokens.h"
#include "config/check/routes.h"
#include "config/check/tls.h"
#include "config/claims.h"
#include "config/guessable.h"
#include "config/host_pattern.h"
#include "config/identity_presets.h"
#include "config/realms.h"
#include "config/value.h"

namespace lp {
namespace {

bool all_https(const Settings& s) {
  return std::all_of(s.external_urls.begin(), s.external_urls.end(), [](const Origin& o) { return o.is_https(); });
}

std::string element(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index + 1) + "]";
}

bool has_default_port(const Origin& origin) { return origin.authority() == origin.host; }

// Some Host names both; a request does not say which scheme it came by.
bool may_be_confused(const Origin& a, const Origin& b) {
  const bool ports_meet = a.port == b.port || (has_default_port(a) && has_default_port(b));
  return ports_meet && host_patterns_meet(a.host, b.host);
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

struct Listening {
  std::string key;
  const ListenSettings* address;
};

// All but the admin listener's.
std::vector<Listening> all_listening(const Settings& s) {
  std::vector<Listening> all;
  for (std::size_t i = 0; i < s.listen.size(); ++i) all.push_back({element("listen", i), &s.listen[i]});
  const auto& checks = s.forward_auth.listen;
  for (std::size_t i = 0; i < checks.size(); ++i) all.push_back({element("forward_auth.listen", i), &checks[i]});
  return all;
}

void listeners_are_apart(const Settings& s, Report& report) {
  if (report.has_problem_in("listen") || report.has_problem_in("forward_auth.listen")) return;
  if (s.listen.empty()) report.problem("listen", "expected at least one address");
  const std::vector<Listening> all = all_listening(s);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const bool v4_and_v6 = (all[i].address->host.find(':') == std::string::npos) !=
                             (all[j].address->host.find(':') == std::string::npos);
      if (v4_and_v6 || !same_place(*all[i].address, *all[j].address)) continue;
      report.problem(all[i].key, "the same address as " + all[j].key);
    }
    if (!same_place(*all[i].address, s.admin)) continue;
    report.problem(report.has("admin.listen") ? "admin.listen" : all[i].key,
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

void somebody_may_ask(const Settings& s, Report& report) {
  if (!s.forward_auth.enabled || !s.trusted_proxies.empty() || report.has_problem_in("trusted_proxies")) return;
  report.warning("forward_auth.enabled",
                 "nobody may ask " + s.auth_prefix + "/check: name the address of your proxy under trusted_proxies");
}

void target_fits_the_head(const Settings& s, Report& report) {
  if (s.limits.target_bytes <= s.limits.request_head_bytes) return;
  report.problem(report.has("limits.target") ? "limits.target" : "limits.request_head",
                 "expected limits.target to be at most limits.request_head, of which it is a part, found " +
                     format_size(s.limits.target_bytes) + " and " + format_size(s.limits.request_head_bytes));
}

void one_address_has_a_part(const Settings& s, Report& report) {
  const LimitSettings& limits = s.limits;
  if (limits.connections_per_address <= limits.connections) return;
  report.warning("limits.connections_per_address",
                 "more than limits.connections (" + std::to_string(limits.connections) +
                     "): one client can take all connections, and nobody else gets one");
}

// GPRS on one slot, where nothing is lost.
constexpr std::int64_t kSlowLine = 1000;

void slow_lines_are_served(const Settings& s, Report& report) {
  if (s.limits.minimum_rate <= kSlowLine) return;
  report.warning("limits.minimum_rate", "more than " + std::to_string(kSlowLine) +
                                            " bytes a second: phones on slow lines lose their uploads and downloads");
}

void logto_is_encrypted(const Settings& s, Report& report) {
  const Origin& endpoint = s.logto.endpoint;
  if (endpoint.host.empty() || endpoint.is_https() || is_loopback(endpoint.host)) return;
  report.warning("logto.endpoint", endpoint.text() + " is not https: anybody on the way can sign in as anybody");
}

void at_most_one_of(Report& report, const std::string& key) {
  const std::string file_key = key + "_file";
  if (!report.has(key) || !report.has(file_key)) return;
  report.problem(file_key, "expected one of " + key + " and " + file_key + ", found both");
}

// A secret has two ways in; exactly one must be taken.
void one_of(Report& report, const std::string& key, std::string_view what) {
  const std::string file_key = key + "_file";
  at_most_one_of(report, key);
  if (!report.has(key) && !report.has(file_key)) {
    report.problem(key, "required: expected " + std::string(what) + ", " +
                            report.found_nothing(report.names(file_key) ? file_key : key));
  }
}

void secrets_are_there(const Settings&, Report& report) {
  at_most_one_of(report, "logto.app_id");
  one_of(report, "logto.app_secret", "the application's secret (or app_secret_file)");
  one_of(report, "session.secret", "base64 of 32 bytes or more (or secret_file); `logto-proxy secret` prints one");
}

void way_is_chosen_once(const SignInSettings& sign_in, const std::string& key, Report& report) {
  if (!sign_in.choose.value_or(false) || !sign_in.with) return;
  report.problem(key + ".choose", "choose shows the ways in, and with is one of them already: keep one");
}

void ways_are_chosen_once(const Settings& s, Report& report) {
  way_is_chosen_once(s.logto.sign_in, "logto.sign_in", report);
  for (const auto& route : s.routes)
    way_is_chosen_once(route.sign_in, "routes[" + std::to_string(route.index) + "].sign_in", report);
}

void prompt_none_can_sign_in(const Settings& s, Report& report) {
  static constexpr std::string_view kMessage =
      "none never shows a sign-in page: whoever is not signed in at Logto already cannot sign in";
  if (s.logto.sign_in.prompt == "none") report.warning("logto.sign_in.prompt", std::string(kMessage));
  for (const auto& route : s.routes) {
    if (route.sign_in.prompt != "none") continue;
    report.warning("routes[" + std::to_string(route.index) + "].sign_in.prompt", std::string(kMessage));
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
  } else if (host_prefix && !cookie.domain.empty()) {
    report.problem("session.cookie.name", "browsers drop a cookie of this name that has a domain: write __Secure-");
  } else if (!cookie.name.empty() && !host_prefix && cookie.domain.empty() && all_https(s)) {
    report.warning("session.cookie.name",
                   "without __Host- in front, other hosts of the domain can overwrite the cookie");
  }
  if (name.find("logto_pending") != std::string::npos || name.find("logto_framed_pending") != std::string::npos) {
    report.problem("session.cookie.name", "names with logto_pending belong to sign-ins under way");
  }
  if (cookie.same_site == SameSite::none && !all_https(s)) {
    report.problem("session.cookie.same_site",
                   "none needs https:// in all external_urls: browsers drop the cookie otherwise");
  }
  if (!cookie.partitioned) return;
  if (!all_https(s)) {
    report.problem("session.cookie.partitioned",
                   "needs https:// in all external_urls: browsers drop the cookie otherwise");
  } else if (cookie.same_site != SameSite::none) {
    report.problem(
        "session.cookie.partitioned",
        "needs session.cookie.same_site: none: browsers send no other cookie to an app in a frame of another "
        "site, and elsewhere it makes no difference");
  }
}

void connections_keys_matter(const UpstreamSettings& upstream, const std::string& key, Report& report) {
  for (const auto* name : {".queue", ".queue_timeout"}) {
    if (upstream.max_connections != kUnlimited || !report.has(key + name)) continue;
    report.warning(key + name, "has no effect without max_connections");
  }
  if (upstream.keep_alive == 0 && report.has(key + ".idle_time")) {
    report.warning(key + ".idle_time", "has no effect with keep_alive: off");
  }
}

bool leads_to(const UpstreamSettings& upstream, const ListenSettings& listen) {
  if (upstream.kind == UpstreamSettings::Kind::unix_socket)
    return listen.kind == ListenSettings::Kind::unix_socket && listen.path == upstream.socket_path;
  if (listen.kind == ListenSettings::Kind::unix_socket || listen.port == 0 || listen.port != upstream.port)
    return false;
  const bool is_any = listen.host == "0.0.0.0" || listen.host == "::";
  const bool is_local = is_any || is_loopback(listen.host);
  return listen.host == upstream.host || (is_any && is_loopback(upstream.host)) ||
         (is_local && upstream.host == "localhost");
}

// One request would come back to us again and again, until it holds all connections.
void upstream_is_elsewhere(const Settings& s, const UpstreamSettings& upstream, const std::string& key,
                           Report& report) {
  std::vector<Listening> all = all_listening(s);
  all.push_back({"admin.listen", &s.admin});
  for (const Listening& listening : all) {
    if (report.has_problem_in(listening.key) || !leads_to(upstream, *listening.address)) continue;
    return report.problem(key, "is where this proxy itself listens (" + listening.key +
                                   "): requests would come back to it again and again; expected the app's address");
  }
  for (const Origin& origin : s.external_urls) {
    if (upstream.kind != UpstreamSettings::Kind::tcp || upstream.host != origin.host) continue;
    if (upstream.port != origin.port && upstream.port != 80) continue;
    report.warning(key,
                   "is one of external_urls: where that name leads back to this proxy, or to what stands in front "
                   "of it, requests go in circles; expected the app's own address");
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
    connections_keys_matter(upstream, key, report);
    if (!report.has_problem_in(key)) upstream_is_elsewhere(s, upstream, url ? key + ".url" : key, report);
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

// The two addresses that people take for their tenant's.
void endpoint_is_a_tenant(const Settings& s, Report& report) {
  if (s.logto.endpoint.host == "cloud.logto.io")
    return report.problem(
        "logto.endpoint",
        "is Logto's Console, not your tenant: the Console shows the endpoint at the application, such "
        "as https://TENANT.logto.app");
  if (s.logto.connect_to) return;
  for (const Origin& origin : s.external_urls) {
    if (origin.authority() != s.logto.endpoint.authority()) continue;
    report.warning("logto.endpoint",
                   "is one of external_urls: this proxy would ask itself for Logto; expected the "
                   "address of Logto, and connect_to where it is reached elsewhere");
  }
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

// Logto makes it: anything else is no key of Logto's, or one that everybody knows.
void webhook_secret_is_logtos(const Settings& s, Report& report) {
  const Secret& secret = s.logto.webhook_secret;
  if (secret.empty() || !is_guessable(secret.reveal())) return;
  report.warning(
      report.has("logto.webhook_secret") ? "logto.webhook_secret" : "logto.webhook_secret_file",
      "can be guessed, and who does can end everybody's sessions: expected the signing key that Logto shows");
}

void backchannel_host_is_apart(const Settings& s, Report& report) {
  const auto& url = s.logto.backchannel_url;
  if (!url) return;
  for (const auto& origin : s.external_urls) {
    if (!may_be_confused(origin, *url)) continue;
    report.problem("logto.backchannel_url", "has the Host of an external URL: Logto reaches that one without this key");
  }
  if (s.sign_in_url && may_be_confused(*s.sign_in_url, *url)) {
    report.problem("logto.backchannel_url", "has the Host of sign_in_url: Logto reaches that one without this key");
  }
}

// --- one sign-in origin for several hosts ---

bool share_one_host(const Settings& s) {
  return std::all_of(s.external_urls.begin(), s.external_urls.end(),
                     [&](const Origin& origin) { return origin.host == s.sign_in_url->host; });
}

void wildcards_have_a_sign_in_url(const Settings& s, Report& report) {
  for (const auto& origin : s.external_urls) {
    if (!is_wildcard(origin.host) || s.sign_in_url) continue;
    report.problem("external_urls", "the wildcard " + origin.text() +
                                        " needs sign_in_url: Logto has no redirect URIs with wildcards, so that one "
                                        "origin must sign in for all of them");
  }
}

// The attempt's cookie is set where the person was and read where Logto sends them back to.
void sign_in_url_gets_its_cookies(const Settings& s, Report& report) {
  if (!s.sign_in_url || report.has_problem_in("sign_in_url") || report.has_problem_in("session.cookie.domain")) return;
  for (const auto& origin : s.external_urls) {
    if (origin.scheme == s.sign_in_url->scheme) continue;
    report.problem("sign_in_url", "is " + s.sign_in_url->scheme + ", " + origin.text() +
                                      " is not: cookies of one have another name at the other");
  }
  if (!s.session.cookie.domain.empty() || share_one_host(s)) return;
  report.problem("sign_in_url",
                 "needs a cookie domain (session.cookie.domain, in a realm cookie_domain), a parent of all external "
                 "URLs: a browser that signs in at " +
                     s.sign_in_url->host + " would not show the session to other hosts");
}

void cookie_domain_covers_all(const Settings& s, Report& report) {
  const std::string& domain = s.session.cookie.domain;
  if (domain.empty() || report.has_problem_in("session.cookie.domain")) return;
  const auto judge = [&](const Origin& origin) {
    if (cookie_domain_covers(domain, origin.host)) return;
    report.problem("session.cookie.domain", "expected a parent domain of all external URLs and of sign_in_url, but " +
                                                origin.host + " is not below " + domain +
                                                ": browsers would drop the cookie there");
  };
  for (const auto& origin : s.external_urls) judge(origin);
  if (s.sign_in_url) judge(*s.sign_in_url);
}

// --- several realms ---

bool is_realm_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

void realms_stand_alone(const Settings& s, Report& report) {
  if (s.realms.empty()) return;
  for (const char* key : {"logto", "external_urls", "sign_in_url", "session.cookie.domain"}) {
    if (!report.has(key)) continue;
    report.problem(key, std::string("stands beside realms: move it into one, as realms.") + std::string(kDefaultRealm) +
                            "." + (std::string_view(key) == "session.cookie.domain" ? "cookie_domain" : key));
  }
  for (const auto& realm : s.realms) {
    if (is_realm_name(realm.name)) continue;
    report.problem("realms." + realm.name,
                   "expected a name of at most 32 lower-case letters, digits and '-': it goes into the names of "
                   "cookies and files");
  }
}

std::vector<Origin> hosts_of(const RealmSettings& realm) {
  std::vector<Origin> all = realm.external_urls;
  if (realm.sign_in_url) all.push_back(*realm.sign_in_url);
  if (realm.logto.backchannel_url) all.push_back(*realm.logto.backchannel_url);
  return all;
}

void hosts_have_one_realm(const Settings& s, Report& report) {
  for (std::size_t i = 0; i < s.realms.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      for (const Origin& mine : hosts_of(s.realms[i])) {
        for (const Origin& other : hosts_of(s.realms[j])) {
          if (!may_be_confused(mine, other)) continue;
          report.problem("realms." + s.realms[i].name, "a request to " + mine.authority() +
                                                           " could also be one of the realm " + s.realms[j].name +
                                                           " (" + other.text() + "): a host belongs to one realm");
        }
      }
    }
  }
}

void realms_have_routes(const Settings& s, Report& report) {
  if (s.realms.empty() || !s.routes.empty()) return;
  report.warning("external_urls", "no route is for a host of this realm: all that it serves is " + s.auth_prefix);
}

using Rule = void (*)(const Settings&, Report&);
// Of each realm as if it were alone.
constexpr Rule kRules[] = {
    external_urls_differ_by_host,
    external_urls_are_encrypted,
    listeners_are_apart,
    admin_is_private,
    not_everybody_is_trusted,
    somebody_may_ask,
    target_fits_the_head,
    logto_is_encrypted,
    endpoint_is_a_tenant,
    secrets_are_there,
    prompt_none_can_sign_in,
    ways_are_chosen_once,
    lifetimes_fit,
    redis_is_there,
    redis_is_encrypted,
    one_password_of_redis,
    one_webhook_secret,
    webhook_secret_is_logtos,
    backchannel_host_is_apart,
    wildcards_have_a_sign_in_url,
    sign_in_url_gets_its_cookies,
    cookie_domain_covers_all,
    cookie_will_be_kept,
    realms_have_routes,
    check_identity,
    check_claims,
    check_bearer,
    check_routes,
    check_route_tokens,
    check_organizations,
    check_patreon,
    check_client_certificates,
    check_answers,
    check_forward_auth,
    check_health,
    check_apps,
};
// Of the file as a whole.
constexpr Rule kWholeRules[] = {
    one_address_has_a_part,
    slow_lines_are_served,
    realms_stand_alone,
    hosts_have_one_realm,
    upstreams_are_used,
    check_hosts_of_routes,
    check_routes_among_all,
    check_fields,
    check_pages,
    check_acme,
    check_tls,
};

void add_once(std::vector<std::string>& notes, std::string note) {
  if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(std::move(note));
}

// Where we end no TLS ourselves whoever comes by https came through another proxy. A unix socket names no address.
bool trusts_no_terminator(const Settings& s) {
  const auto has_https = [](const auto& of) {
    return std::any_of(of.external_urls.begin(), of.external_urls.end(), [](const Origin& o) { return o.is_https(); });
  };
  const bool has_tls = std::any_of(s.listen.begin(), s.listen.end(), [](const auto& one) { return one.tls.is_on(); });
  const bool has_tcp = std::any_of(s.listen.begin(), s.listen.end(), [](const ListenSettings& listen) {
    return listen.kind == ListenSettings::Kind::tcp;
  });
  return has_tcp && !has_tls && s.trusted_proxies.empty() &&
         (has_https(s) || std::any_of(s.realms.begin(), s.realms.end(), has_https));
}

// Who asks {prefix}/check sends the request on, and with it what a client has said, unless it is set up to replace
// that.
void add_note_on_replacing(const Settings& settings, std::vector<std::string>& notes) {
  const auto usual = preset_headers(IdentityPreset::oauth2_proxy);
  std::string names;
  bool tells_more = false;
  for (const std::string& name : identity_header_names(settings)) {
    names += (names.empty() ? "" : ", ") + name;
    tells_more = tells_more || std::none_of(usual.begin(), usual.end(),
                                            [&](const auto& header) { return iequals(header.header, name); });
  }
  if (!tells_more) return;
  add_once(notes, "the proxy that asks " + settings.auth_prefix +
                      "/check must take these out of what clients send, and set what the answer has in their place: " +
                      names + "; deploy/forward-auth has the lines for X-Forwarded-*, X-Patreon-* and " +
                      std::string(kAssertionHeader));
}

void add_notes_on(const Settings& settings, std::vector<std::string>& notes) {
  if (settings.forward_auth.enabled) add_note_on_replacing(settings, notes);
  if (!settings.redis.is_configured() && settings.logto.refresh != RefreshMode::off) {
    add_once(
        notes,
        "several replicas behind one name need redis.url: without it two of them may use one refresh token at a time, "
        "and a token used twice ends the user's sessions at Logto");
  }
  if (const std::string& domain = settings.session.cookie.domain; !domain.empty()) {
    add_once(notes, "the session goes to every host below " + domain +
                        ", and each of them can put a cookie in its place: all of them must be trusted, and " + domain +
                        " must be no domain below which others have hosts");
  }
  if (settings.redis.is_configured() && settings.session.store == SessionStore::cookie && !settings.revocations.share) {
    add_once(notes, "revocations.share is off: a session that ends on one replica goes on on the others");
  }
  // With share, Redis tells a process that starts what has ended.
  if (settings.revocations.journal.empty() && !settings.revocations.share &&
      settings.session.store == SessionStore::cookie) {
    add_once(notes,
             "revocations.journal is not set: after a restart, cookies of sessions that were signed out are good again "
             "until they expire");
  }
}

}  // namespace

std::vector<std::string> notes_on(const Settings& settings) {
  std::vector<std::string> notes;
  if (trusts_no_terminator(settings)) {
    notes.emplace_back(
        "trusted_proxies is not set, and something in front ends the TLS of external_urls: its address is taken for "
        "that "
        "of every client, in the log, for networks: and by the apps; name its address or its network");
  }
  add_acme_notes(settings, notes);
  if (settings.realms.empty()) add_notes_on(settings, notes);
  for (const auto& realm : settings.realms) add_notes_on(settings_of_realm(settings, realm), notes);
  return notes;
}

void check_settings(const Settings& settings, Report& report) {
  if (settings.realms.empty()) {
    for (const Rule rule : kRules) rule(settings, report);
  }
  for (const auto& realm : settings.realms) {
    const Settings own = settings_of_realm(settings, realm);
    report.judge_realm(realm.name);
    for (const Rule rule : kRules) rule(own, report);
  }
  report.judge_realm({});
  for (const Rule rule : kWholeRules) rule(settings, report);
}

}  // namespace lp
