#include "proxy/route/resolve.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "auth/rules/own_paths.h"
#include "auth/visit/forward_auth.h"
#include "base/encoding.h"
#include "base/one_of.h"
#include "config/client_fields.h"
#include "config/forward_auth.h"
#include "config/host_pattern.h"
#include "config/path_pattern.h"
#include "config/route_access.h"
#include "config/route_limits.h"
#include "config/shared_ends.h"
#include "proxy/http/methods.h"
#include "proxy/route/method_override.h"
#include "proxy/route/readings.h"
#include "proxy/route/webdav.h"

namespace lp {
namespace {

using Kind = Resolution::Kind;

constexpr std::string_view kBadRequest = "bad_request";
constexpr std::string_view kBadForwarded = "bad_forwarded";
constexpr std::string_view kUnknownHost = "unknown_host";
constexpr const char* kElsewhere =
    "the Destination field names a place that another route, or none, is responsible for";
constexpr const char* kAsSent = "the path as it was sent, without decoding escapes, is one that another route is for";
constexpr const char* kOverriddenPreflight = "a preflight whose query names another method";
constexpr const char* kMovedPath = "a field that tells apps another path than the one asked about";
constexpr const char* kOverridden = "the method is overridden by one that another route is for";

// Steps say false where the answer is found, and have then written it down.
bool refuse(Resolution& r, int status, std::string_view decision, std::string reason,
            std::string_view allowed_by = {}) {
  r.kind = Kind::refused;
  r.refusal = {status, decision, std::move(reason), allowed_by};
  return false;
}

bool refuse(Resolution& r, int status, std::string_view decision, const RouteAnswer& ambiguous) {
  return refuse(r, status, decision, std::string(ambiguous.ambiguity), ambiguous.allowed_by);
}

bool no_route(Resolution& r) {
  r.kind = Kind::no_route;
  r.route = nullptr;
  return false;
}

bool find_origin_in(const Router& router, std::string_view authority, Resolution& r) {
  r.external = router.origin_for(authority);
  if (r.external != nullptr) return true;
  r.wildcard = router.wildcard_origin_for(authority);
  if (r.wildcard) r.external = &*r.wildcard;
  if (r.external != nullptr) return true;
  r.external = router.backchannel_origin_for(authority);
  r.only_backchannel = r.external != nullptr;
  return r.only_backchannel;
}

std::string unknown_host_words(std::string_view authority) {
  return "none of external_urls has the host " + std::string(authority);
}

bool refuse_host(Resolution& r, std::string_view authority) {
  return refuse(r, 421, kUnknownHost, unknown_host_words(authority));
}

// No Host names origins of two realms: the configuration's check refuses that.
bool find_origin(std::span<const RealmRoutes> realms, std::string_view authority, Resolution& r) {
  for (std::size_t i = 0; i < realms.size(); ++i) {
    if (!find_origin_in(realms[i].router, authority, r)) continue;
    r.realm = i;
    return true;
  }
  return refuse_host(r, authority);
}

bool find_target(std::string_view path_and_query, std::string_view decision, Resolution& r) {
  if (const char* rule = normalise_target(path_and_query, r.target)) return refuse(r, 400, decision, rule);
  r.has_target = true;
  return true;
}

// ---- a request to us ----------------------------------------------------------------------------------------------

// All realms have the same.
bool find_fixed(std::span<const RealmRoutes> realms, const RequestLine& request, Resolution& r) {
  const Settings& settings = realms.front().settings;
  r.fixed = is_of_acme_webroot(request.method, request.path_and_query, settings)
                ? FixedAnswer::acme_challenge
                : fixed_answer_to(request.method, request.path_and_query, request.fields, settings.health);
  if (r.fixed != FixedAnswer::none) r.kind = Kind::fixed;
  return r.fixed != FixedAnswer::none;
}

bool find_own(const RealmRoutes& realm, Resolution& r) {
  if (!is_own_path(r.target.path, realm.settings)) return true;
  if (r.target.has_encoded_slash) return refuse(r, 400, kBadRequest, "an encoded slash below auth_prefix");
  if (r.target.has_other_bytes) return refuse(r, 400, kBadRequest, "bytes that are not UTF-8 below auth_prefix");
  r.kind = Kind::own;
  return false;
}

bool find_crawler(const RealmRoutes& realm, const RequestLine& request, Resolution& r) {
  if (!is_for_crawlers(request.method, r.target.path, r.external->host, realm.settings)) return false;
  r.fixed = FixedAnswer::robots_txt;
  r.kind = Kind::fixed;
  return true;
}

bool lets_preflights_pass(std::string_view method, const RouteSettings& route) {
  return method == "OPTIONS" && route.preflight;
}

bool passes_without_store(const RealmRoutes& realm, std::string_view method) {
  return shares_ended_sessions(realm.settings) && is_one_of(method, {"GET", "HEAD", "OPTIONS"});
}

// Where it is the method of the request line that lets it pass: a preflight, and what changes nothing while Redis is
// away (redis.grace).
bool passes_by_method(const RealmRoutes& realm, std::string_view method, const RouteSettings& route) {
  if (lets_preflights_pass(method, route)) return true;
  return realm.settings.session.store == SessionStore::redis && passes_without_store(realm, method);
}

bool has_method_field(const Fields& fields) {
  return std::any_of(fields.all().begin(), fields.all().end(),
                     [](const Field& field) { return is_method_override(field.name); });
}

void judge_certainty(const RealmRoutes& realm, const RouteQuestion& question, Resolution& r) {
  if (!passes_without_store(realm, question.method)) return;
  const bool field_says = has_method_field(question.fields) && !r.drops_method_override;
  r.may_be_other_method = field_says || query_overrides(r.target, question.method);
}

void judge_override(const RealmRoutes& realm, const RouteQuestion& question, Resolution& r) {
  r.has_method_override = has_method_field(question.fields);
  if (!r.has_method_override) return;
  r.drops_method_override = passes_by_method(realm, question.method, *r.route) ||
                            !overrides_stay_on_route(realm.router, question, *r.route, OverridingFields::reach_the_app);
}

bool find_route(const RealmRoutes& realm, const RouteQuestion& question, Resolution& r) {
  if (realm.router.serves_only_own_endpoints(*r.external)) return no_route(r);
  r.asked_router = true;
  const RouteAnswer found = realm.router.route_for(question);
  r.route = found.route;
  if (found.is_ambiguous()) return refuse(r, 400, kBadRequest, found);
  if (r.route == nullptr) return no_route(r);
  if (r.route->upstream.empty() && r.route->access != Access::deny && !r.route->reply.is_configured()) {
    r.is_behind_other_proxy = true;
    return no_route(r);
  }
  r.instead_of = found.instead_of;
  if (!destination_stays_on_route(realm.router, question, *r.route)) return refuse(r, 400, kBadRequest, kElsewhere);
  judge_override(realm, question, r);
  judge_certainty(realm, question, r);
  if (lets_preflights_pass(question.method, *r.route) && query_overrides(r.target, question.method))
    return refuse(r, 400, kBadRequest, kOverriddenPreflight);
  return !realm.router.asks_for_methods() ||
         overrides_stay_on_route(realm.router, question, *r.route, OverridingFields::stay_here) ||
         refuse(r, 400, kBadRequest, kOverridden);
}

// The client's own bytes. Where an app that decodes nothing would look for another rule, escapes of unreserved
// characters, which say nothing (RFC 3986 6.2.2.2), are decoded.
std::string path_to_send(const Router& router, const RouteQuestion& question, const RouteSettings& route) {
  const Target& target = question.target;
  return router.may_go_as_sent(route, question) ? target.sent() : with_unreserved_decoded(target.sent());
}

bool rewrite(const RealmRoutes& realm, const RouteQuestion& question, Resolution& r) {
  if (r.instead_of != nullptr && !is_below(r.target.path, r.route->strip_prefix))
    return refuse(r, 400, kBadRequest, "the path spells the route's strip_prefix in another way");
  auto path = r.target.other_spelling.empty() ? rewrite_path(r.target.path, r.route->strip_prefix)
                                              : rewrite_spelling(path_to_send(realm.router, question, *r.route),
                                                                 r.target.path, r.route->strip_prefix);
  if (path && r.route->replace_path.is_set())
    path = replace_in_path(r.target, path_to_send(realm.router, question, *r.route), r.route->replace_path);
  if (!path) return refuse(r, 400, kBadRequest, path.error().message);
  if (!r.route->add_prefix.empty()) path->insert(0, r.route->add_prefix);
  r.app_target = std::move(*path);
  if (r.target.has_query) r.app_target.append("?").append(r.target.query);
  return true;
}

void keep_body_limit(const Settings& settings, std::uint64_t body_bytes, Resolution& r) {
  const std::int64_t limit = request_body_limit(settings, r.route);
  if (r.kind == Kind::refused || limit == kUnlimited || body_bytes <= static_cast<std::uint64_t>(limit)) return;
  const bool is_of_route = r.route != nullptr && r.route->limits.request_body_bytes.has_value();
  refuse(r, 413, "too_large",
         "a body of " + std::to_string(body_bytes) + " bytes is over limits.request_body" +
             (is_of_route ? " of the route (" : " (") + std::to_string(limit) + ")");
}

// ---- a request that another proxy asks about ------------------------------------------------------------------------

std::string_view path_of(std::string_view path_and_query) { return path_and_query.substr(0, path_and_query.find('?')); }

// True where normalising changed nothing but the spelling of characters.
bool keeps_its_segments(std::string_view as_sent, const Target& target) {
  return percent_decode(path_of(as_sent)) == percent_decode(target.path);
}

// True for "X_User" where "X-User" is meant, not for "x-user" itself.
bool is_other_spelling(std::string_view name, std::string_view meant) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (name.size() != meant.size() || iequals(name, meant)) return false;
  return std::equal(name.begin(), name.end(), meant.begin(), [&](char a, char b) {
    return iequals({&a, 1}, {&b, 1}) || (!letter(a) && !letter(b));
  });
}

bool spells_identity_otherwise(const Fields& fields, const std::vector<std::string>& identity) {
  return std::any_of(fields.all().begin(), fields.all().end(), [&](const Field& field) {
    return std::any_of(identity.begin(), identity.end(),
                       [&](const std::string& name) { return is_other_spelling(field.name, name); });
  });
}

// What the codec would refuse before anybody looks at the Host.
bool check_is_possible(const ForwardedRequest& request, const Fields& fields, Resolution& r) {
  if (is_refused_method(request.method))
    return refuse(r, 405, kBadForwarded, "no app gets a " + std::string(request.method) + " through this proxy");
  if (asks_for_websocket(fields) && request.method != "GET")
    return refuse(r, 400, kBadForwarded, "a WebSocket handshake that is not a GET");
  return true;
}

bool check_is_plain(const RealmRoutes& realm, const ForwardedRequest& request, Resolution& r) {
  if (!request.scheme.empty() && request.scheme != r.external->scheme) {
    return refuse(
        r, 400, kBadForwarded,
        "the scheme is said to be " + std::string(request.scheme) + ", but the external URL is " + r.external->text());
  }
  if (!find_target(request.path_and_query, kBadForwarded, r)) return false;
  if (!keeps_its_segments(request.path_and_query, r.target)) {
    return refuse(r, 400, kBadForwarded,
                  "the path has dot segments or empty ones, which the app would get as they are");
  }
  if (is_own_path(r.target.path, realm.settings)) {
    return refuse(r, 403, "own", "paths of logto-proxy itself must come to it without a check");
  }
  return true;
}

// It would reach the app, which reads another method than the one that lets it pass.
bool is_let_pass_by_method(const RealmRoutes& realm, const RouteQuestion& question, const RouteSettings& route) {
  if (has_method_field(question.fields) && passes_by_method(realm, question.method, route)) return true;
  return lets_preflights_pass(question.method, route) && query_overrides(question.target, question.method);
}

// Nobody takes them out on the way to the app.
bool moves_path(const Fields& fields) {
  return std::any_of(fields.all().begin(), fields.all().end(),
                     [](const Field& field) { return is_field_of(ClientFieldFamily::path, field.name); });
}

void find_checked_route(const RealmRoutes& realm, const RouteQuestion& question, Resolution& r) {
  r.asked_router = true;
  if (realm.router.serves_only_own_endpoints(*r.external)) {
    no_route(r);
    return;
  }
  const RouteAnswer found = realm.router.route_for(question);
  const auto refuse_check = [&](std::string reason) { refuse(r, 400, kBadForwarded, std::move(reason)); };
  if (found.is_ambiguous()) {
    refuse(r, 400, kBadForwarded, found);
    return;
  }
  if (found.route == nullptr) {
    no_route(r);
    return;
  }
  if (found.route->reply.is_configured()) {
    r.route = found.route;
    refuse(r, 403, "own",
           "route " + found.route->label + " answers itself: it must come to logto-proxy without a check");
    return;
  }
  if (!realm.router.may_go_as_sent(*found.route, question)) return refuse_check(kAsSent);
  if (!destination_stays_on_route(realm.router, question, *found.route)) return refuse_check(kElsewhere);
  if (!overrides_stay_on_route(realm.router, question, *found.route, OverridingFields::reach_the_app))
    return refuse_check(kOverridden);
  if (is_let_pass_by_method(realm, question, *found.route)) return refuse_check(kOverridden);
  if (moves_path(question.fields)) return refuse_check(kMovedPath);
  if (spells_identity_otherwise(question.fields, identity_names(realm.settings, *found.route)))
    return refuse_check("an identity header in a spelling that apps may take for it");
  judge_certainty(realm, question, r);
  r.kind = Kind::routed;
  r.route = found.route;
  r.instead_of = found.instead_of;
}

// Whoever the asking proxy serves can cause a check, and would read the answer.
void keep_secrets_from_anybody(const Settings& settings, Resolution& r) {
  if (r.kind != Kind::routed || knows_who_asks(settings.forward_auth)) return;
  const std::vector<std::string> keys = secrets_in_answers(settings, *r.route);
  if (keys.empty()) return;
  std::string reason = "an answer about route " + r.route->label + " would hold what its client does not have (";
  for (const std::string& key : keys) reason.append(&key == &keys.front() ? "" : ", ").append(key);
  refuse(r, 403, "unguarded",
         std::move(reason) + "), and nothing proves who asks: set forward_auth.listen or forward_auth.secret");
}

// ---- a request that another proxy asks oauth2-proxy about -----------------------------------------------------------

constexpr std::string_view kUnasked = "unasked_rules";

bool stand_in_for_host(std::span<const RealmRoutes> realms, const Oauth2Check& check, Resolution& r) {
  const std::string_view host = check.about ? check.about->authority : check.host;
  const bool is_named = check.about && check.about->authority != check.host;
  const Settings& settings = realms.front().settings;
  const auto is_for_one_host = [](const RouteSettings& route) { return !route.host.empty(); };
  const bool hosts_matter = check.about && std::any_of(settings.routes.begin(), settings.routes.end(), is_for_one_host);
  if (is_named || realms.size() > 1 || hosts_matter) return refuse(r, 403, kUnknownHost, unknown_host_words(host));
  const auto& urls = settings.external_urls;
  const auto plain = std::find_if(urls.begin(), urls.end(), [](const Origin& url) { return !is_wildcard(url.host); });
  if (plain == urls.end() && !settings.sign_in_url) return refuse(r, 403, kUnknownHost, unknown_host_words(host));
  r.realm = 0;
  r.external = plain == urls.end() ? &*settings.sign_in_url : &*plain;
  return true;
}

bool find_oauth2_origin(std::span<const RealmRoutes> realms, const Oauth2Check& check, Resolution& r) {
  const bool found = find_origin(realms, check.about ? check.about->authority : check.host, r);
  if (found && !r.only_backchannel) return true;
  r.external = nullptr;
  r.only_backchannel = false;
  return stand_in_for_host(realms, check, r);
}

bool tells_method(const Oauth2Check& check) { return check.about && !check.about->method.empty(); }

// Calls holds(method) until it says false, with every method that routes list, and with one that none of them lists.
template <class Holds>
bool for_any_method(const Settings& settings, const Holds& holds) {
  constexpr std::string_view kListedByNone;  // no list can have it
  const auto all_of = [&](const RouteSettings& route) {
    return std::all_of(route.methods.begin(), route.methods.end(), holds);
  };
  return holds(kListedByNone) && std::all_of(settings.routes.begin(), settings.routes.end(), all_of);
}

// The check may be about a request of any method, where it does not say. Of one that no route takes, whoever is signed
// in would be let pass.
bool asks_enough_for_any_method(const RealmRoutes& realm, RouteQuestion question, const Resolution& r) {
  if (r.route != nullptr && lets_preflights_pass(question.method, *r.route)) return false;
  return for_any_method(realm.settings, [&](std::string_view method) {
    question.method = method;
    const RouteAnswer other = realm.router.route_for(question);
    if (other.is_ambiguous()) return false;
    if (other.route == r.route) return true;
    if (other.route == nullptr) return !is_open(*r.route) && rules_not_asked_by(r.route, realm.settings).empty();
    return r.route != nullptr && !may_be_stricter(*other.route, *r.route);
  });
}

bool refuse_untold_method(Resolution& r) {
  return refuse(r, 403, kUnasked,
                "nobody tells the method, and routes differ by it: let the proxy that asks send X-Forwarded-Method");
}

// False where it is refused.
bool find_forwarded_route(const RealmRoutes& realm, const Oauth2Check& check, Resolution& r) {
  ForwardedRequest about = *check.about;
  if (!tells_method(check)) about.method = check.head.method;
  if (!check_is_possible(about, check.head.fields, r) || !check_is_plain(realm, about, r)) return false;
  const RouteQuestion question{r.external->host, about.method, r.target, check.head.fields, check.client_address};
  find_checked_route(realm, question, r);
  if (r.kind == Kind::refused) return false;
  return tells_method(check) || asks_enough_for_any_method(realm, question, r) || refuse_untold_method(r);
}

// The same of the routes for /oauth2/auth.
bool asks_as_much_by_any_method(const RealmRoutes& realm, RouteQuestion question, const RouteSettings* named) {
  return for_any_method(realm.settings, [&](std::string_view method) {
    question.method = method;
    const RouteAnswer other = realm.router.route_for_oauth2_auth(question);
    if (other.is_ambiguous()) return false;
    if (other.route == named) return true;
    return named != nullptr && (other.route == nullptr ? !is_open(*named) : !may_be_stricter(*other.route, *named));
  });
}

const RouteSettings* route_for_oauth2_auth(const RealmRoutes& realm, const Oauth2Check& check, Resolution& r) {
  const auto target = normalise_target(check.path_and_query);
  if (!target) {
    refuse(r, 403, kBadForwarded, target.error().message);
    return nullptr;
  }
  const std::string_view method = tells_method(check) ? check.about->method : check.head.method;
  const RouteQuestion question{r.external->host, method, *target, check.head.fields, check.client_address};
  const RouteAnswer found = realm.router.route_for_oauth2_auth(question);
  if (found.is_ambiguous()) {
    refuse(r, 403, kBadForwarded, std::string(found.ambiguity));
  } else if (!tells_method(check) && !asks_as_much_by_any_method(realm, question, found.route)) {
    refuse_untold_method(r);
  }
  return found.route;
}

std::string labels_of(const std::vector<const RouteSettings*>& routes) {
  std::string labels;
  for (const RouteSettings* route : routes) labels.append(labels.empty() ? "" : ", ").append(route->label);
  return labels;
}

bool asks_every_rule(const Settings& settings, const Oauth2Check& check, const RouteSettings* named, Resolution& r) {
  const auto unasked = rules_not_asked_by(named, settings);
  if (unasked.empty()) return true;
  const std::string path = oauth2_auth_path(settings.forward_auth);
  const std::string rules = "rules would not be asked: those of " + labels_of(unasked);
  if (check.about) {
    return refuse(r, 403, kUnasked,
                  "no route takes the request that it is about, by its host, path, method and network, and " + rules +
                      ". Write a route that takes it, or one for " + path + " that asks for as much");
  }
  return refuse(r, 403, kUnasked,
                "nobody tells which request it is about, and " + rules +
                    ". Let the proxy that asks send X-Forwarded-Uri and X-Forwarded-Method, name it under "
                    "trusted_proxies, or write a route for " +
                    path + " that asks for as much");
}

}  // namespace

void Resolution::start_over() {
  kind = Kind::refused;
  fixed = FixedAnswer::none;
  realm = 0;
  only_backchannel = has_target = by_check = asked_router = is_behind_other_proxy = false;
  has_method_override = drops_method_override = may_be_other_method = false;
  external = nullptr;
  route = also_asked = instead_of = nullptr;
}

void resolve(std::span<const RealmRoutes> realms, const RequestLine& request, Resolution& r) {
  r.start_over();
  if (find_fixed(realms, request, r) || !find_origin(realms, request.authority, r)) return;
  const RealmRoutes& realm = realms[r.realm];
  if (!find_target(request.path_and_query, kBadRequest, r)) return;
  if (r.only_backchannel && !is_backchannel_path(r.target.path, realm.settings.auth_prefix)) {
    refuse_host(r, request.authority);
    return;
  }
  if (find_crawler(realm, request, r)) return;
  if (find_own(realm, r)) {
    const RouteQuestion question = route_question(request, r);
    if (find_route(realm, question, r) && rewrite(realm, question, r)) r.kind = Kind::routed;
  }
  keep_body_limit(realm.settings, request.body_bytes, r);
}

void resolve_check(std::span<const RealmRoutes> realms, const ForwardedRequest& request, const Fields& fields,
                   std::string_view client_address, Resolution& r) {
  r.start_over();
  r.by_check = true;
  if (!check_is_possible(request, fields, r) || !find_origin(realms, request.authority, r)) return;
  if (r.only_backchannel) {
    refuse_host(r, request.authority);
    return;
  }
  const RealmRoutes& realm = realms[r.realm];
  if (!check_is_plain(realm, request, r)) return;
  const RouteQuestion question{r.external->host, request.method, r.target, fields, client_address};
  find_checked_route(realm, question, r);
  keep_secrets_from_anybody(realm.settings, r);
}

void resolve_oauth2_check(std::span<const RealmRoutes> realms, const Oauth2Check& check, Resolution& r) {
  r.start_over();
  r.by_check = true;
  if (!find_oauth2_origin(realms, check, r)) return;
  const RealmRoutes& realm = realms[r.realm];
  r.kind = Kind::no_route;
  if (check.about && !find_forwarded_route(realm, check, r)) return;
  if (!check.about && !find_target(oauth2_auth_path(realm.settings.forward_auth), kBadForwarded, r)) return;
  const RouteSettings* forwarded = r.route;
  r.kind = Kind::routed;
  if (forwarded != nullptr && is_open(*forwarded)) return;
  const RouteSettings* named = route_for_oauth2_auth(realm, check, r);
  if (r.kind == Kind::refused) return;
  if (forwarded == nullptr && !asks_every_rule(realm.settings, check, named, r)) return;
  r.route = forwarded != nullptr ? forwarded : named;
  r.also_asked = forwarded != nullptr ? named : nullptr;
}

RouteQuestion route_question(const RequestLine& request, const Resolution& r) {
  return {r.external->host, request.method, r.target, request.fields, request.client_address};
}

}  // namespace lp
