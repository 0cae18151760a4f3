#include "proxy/route/resolve.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "auth/rules/own_paths.h"
#include "auth/visit/forward_auth.h"
#include "base/encoding.h"
#include "config/path_pattern.h"
#include "proxy/http/methods.h"
#include "proxy/route/method_override.h"
#include "proxy/route/webdav.h"

namespace lp {
namespace {

using Kind = Resolution::Kind;

constexpr std::string_view kBadRequest = "bad_request";
constexpr std::string_view kBadForwarded = "bad_forwarded";
constexpr std::string_view kUnknownHost = "unknown_host";
constexpr const char* kElsewhere =
    "the Destination field names a place that another route, or none, is responsible for";
constexpr const char* kOverridden = "the method is overridden by one that another route is for";

// Steps say false where the answer is found, and have then written it down.
bool refuse(Resolution& r, int status, std::string_view decision, std::string reason) {
  r.kind = Kind::refused;
  r.refusal = {status, decision, std::move(reason)};
  return false;
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

bool refuse_host(Resolution& r, std::string_view authority) {
  return refuse(r, 421, kUnknownHost, "none of external_urls has the host " + std::string(authority));
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
  auto target = normalise_target(path_and_query);
  if (!target) return refuse(r, 400, decision, target.error().message);
  r.target = std::move(*target);
  r.has_target = true;
  return true;
}

// ---- a request to us ----------------------------------------------------------------------------------------------

bool find_own(const RealmRoutes& realm, Resolution& r) {
  if (!is_own_path(r.target.path, realm.settings)) return true;
  if (r.target.has_encoded_slash) return refuse(r, 400, kBadRequest, "an encoded slash below auth_prefix");
  r.kind = Kind::own;
  return false;
}

bool find_route(const RealmRoutes& realm, const RouteQuestion& question, Resolution& r) {
  if (realm.router.serves_only_own_endpoints(*r.external)) return no_route(r);
  r.asked_router = true;
  const RouteAnswer found = realm.router.route_for(question);
  r.route = found.route;
  if (found.is_ambiguous()) return refuse(r, 400, kBadRequest, std::string(found.ambiguity));
  if (r.route == nullptr) return no_route(r);
  if (r.route->upstream.empty() && r.route->access != Access::deny) {
    r.is_behind_other_proxy = true;
    return no_route(r);
  }
  r.instead_of = found.instead_of;
  if (!destination_stays_on_route(realm.router, question, *r.route)) return refuse(r, 400, kBadRequest, kElsewhere);
  return !realm.router.asks_for_methods() ||
         overrides_stay_on_route(realm.router, question, *r.route, OverridingFields::stay_here) ||
         refuse(r, 400, kBadRequest, kOverridden);
}

bool rewrite(Resolution& r) {
  if (r.instead_of != nullptr && !is_below(r.target.path, r.route->strip_prefix))
    return refuse(r, 400, kBadRequest, "the path spells the route's strip_prefix in another way");
  auto path = rewrite_path(r.target.path, r.route->strip_prefix);
  if (!path) return refuse(r, 400, kBadRequest, path.error().message);
  r.app_target = std::move(*path);
  if (r.target.has_query) r.app_target.append("?").append(r.target.query);
  return true;
}

void keep_body_limit(const Settings& settings, std::uint64_t body_bytes, Resolution& r) {
  const std::int64_t limit = settings.limits.request_body_bytes;
  if (r.kind == Kind::refused || limit == kUnlimited || body_bytes <= static_cast<std::uint64_t>(limit)) return;
  refuse(
      r, 413, "too_large",
      "a body of " + std::to_string(body_bytes) + " bytes is over limits.request_body (" + std::to_string(limit) + ")");
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

void find_checked_route(const RealmRoutes& realm, const RouteQuestion& question, Resolution& r) {
  r.asked_router = true;
  if (realm.router.serves_only_own_endpoints(*r.external)) {
    no_route(r);
    return;
  }
  const RouteAnswer found = realm.router.route_for(question);
  const auto refuse_check = [&](std::string reason) { refuse(r, 400, kBadForwarded, std::move(reason)); };
  if (found.is_ambiguous()) return refuse_check(std::string(found.ambiguity));
  if (found.route == nullptr) {
    no_route(r);
    return;
  }
  if (!destination_stays_on_route(realm.router, question, *found.route)) return refuse_check(kElsewhere);
  if (!overrides_stay_on_route(realm.router, question, *found.route, OverridingFields::reach_the_app))
    return refuse_check(kOverridden);
  if (spells_identity_otherwise(question.fields, identity_names(realm.settings, *found.route)))
    return refuse_check("an identity header in a spelling that apps may take for it");
  r.kind = Kind::routed;
  r.route = found.route;
  r.instead_of = found.instead_of;
}

}  // namespace

void Resolution::start_over() {
  kind = Kind::refused;
  realm = 0;
  only_backchannel = has_target = by_check = asked_router = is_behind_other_proxy = false;
  external = nullptr;
  route = instead_of = nullptr;
}

void resolve(std::span<const RealmRoutes> realms, const RequestLine& request, Resolution& r) {
  r.start_over();
  if (!find_origin(realms, request.authority, r)) return;
  const RealmRoutes& realm = realms[r.realm];
  if (!find_target(request.path_and_query, kBadRequest, r)) return;
  if (r.only_backchannel && !is_backchannel_path(r.target.path, realm.settings.auth_prefix)) {
    refuse_host(r, request.authority);
    return;
  }
  if (find_own(realm, r) && find_route(realm, route_question(request, r), r) && rewrite(r)) r.kind = Kind::routed;
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
}

RouteQuestion route_question(const RequestLine& request, const Resolution& r) {
  return {r.external->host, request.method, r.target, request.fields, request.client_address};
}

}  // namespace lp
