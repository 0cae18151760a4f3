#include "config/forward_auth.h"

#include <algorithm>

#include "base/encoding.h"
#include "config/header_changes.h"
#include "config/identity_presets.h"
#include "config/route_access.h"
#include "config/route_cover.h"

namespace lp {
namespace {

using Source = IdentityHeaderSettings::Source;

// Of the client's own words, or about it in words that it may hear.
bool is_known_to_client(Source source) {
  return source == Source::claim || source == Source::host || source == Source::organization ||
         source == Source::patreon || source == Source::client_certificate;
}

// It takes requests that show a token, so who may bring a session is not for it to say.
bool is_for_shown_tokens(const RouteSettings& route) {
  return std::any_of(route.headers.begin(), route.headers.end(),
                     [](const FieldCondition& condition) { return iequals(condition.name, "Authorization"); });
}

RouteSettings by_token_alone(RouteSettings route) {
  route.accept.session = false;
  return route;
}

RouteSettings by_session_alone(RouteSettings route) {
  route.accept.bearer = false;
  return route;
}

// What of its requests shows a token is the other's, which stands before it.
bool takes_tokens_before(const RouteSettings& other, const RouteSettings& route) {
  if (!other.accept.bearer || !is_for_shown_tokens(other) || other.headers.size() != 1) return false;
  RouteSettings shown = route;
  shown.headers.push_back(other.headers.front());
  return other.index < route.index && methods_cover(other, shown) && takes_requests_of(other, shown);
}

// Whoever brings a token passes at a route before this one, so that this one keeps nobody out for the token. Opaque
// ones are not known to be what that route's condition on Authorization takes.
bool leaves_tokens_to_another(const Settings& settings, const RouteSettings& route, const RouteSettings& people_of) {
  if (settings.bearer.introspection) return false;
  return std::any_of(settings.routes.begin(), settings.routes.end(), [&](const RouteSettings& other) {
    return takes_tokens_before(other, route) && !may_be_stricter(other, by_token_alone(people_of));
  });
}

bool may_keep_out(const Settings& settings, const RouteSettings& route, const RouteSettings& people_of) {
  if (is_for_shown_tokens(route)) return may_be_stricter(route, by_token_alone(people_of));
  if (!may_be_stricter(route, people_of)) return false;
  return may_be_stricter(route, by_session_alone(people_of)) || !leaves_tokens_to_another(settings, route, people_of);
}

const RouteSettings& whoever_is_signed_in() {
  static const RouteSettings everybody;
  return everybody;
}

}  // namespace

std::string oauth2_auth_path(const ForwardAuthSettings& settings) {
  return settings.oauth2_proxy + std::string(kOauth2Auth);
}

bool is_oauth2_auth_path(std::string_view path, const ForwardAuthSettings& settings) {
  const std::string_view prefix = settings.oauth2_proxy;
  return !prefix.empty() && path.starts_with(prefix) && path.substr(prefix.size()) == kOauth2Auth;
}

bool knows_who_asks(const ForwardAuthSettings& settings) {
  return !settings.listen.empty() || !settings.secret.empty();
}

std::vector<std::string> secrets_in_answers(const Settings& settings, const RouteSettings& route) {
  std::vector<std::string> keys;
  for (const IdentityHeaderSettings& header : identity_headers_of(settings, route)) {
    if (!is_known_to_client(header.source)) keys.push_back("identity_headers." + header.header);
  }
  const HeaderChanges changes = request_changes_of(settings, route);
  for (const auto* headers : {&changes.set, &changes.add}) {
    for (const IdentityHeaderSettings& header : *headers) keys.push_back("request_headers." + header.header);
  }
  if (route.authorization.kind != UpstreamAuthorizationSettings::Kind::none) keys.emplace_back("authorization");
  if (route.token.is_configured()) keys.emplace_back("token");
  return keys;
}

bool is_for_oauth2_auth(const Settings& settings, const RouteSettings& route) {
  return route.path.kind == PathPattern::Kind::exact && is_oauth2_auth_path(route.path.text, settings.forward_auth);
}

std::vector<const RouteSettings*> rules_not_asked_by(const RouteSettings* named, const Settings& settings) {
  std::vector<const RouteSettings*> found;
  for (const RouteSettings& route : settings.routes) {
    if (is_for_oauth2_auth(settings, route) || !may_keep_out(settings, route, whoever_is_signed_in())) continue;
    if (named == nullptr || may_keep_out(settings, route, *named)) found.push_back(&route);
  }
  return found;
}

const RouteSettings* route_for_all_checks(const Settings& settings) {
  const auto found = std::find_if(settings.routes.begin(), settings.routes.end(), [&](const RouteSettings& route) {
    return is_for_oauth2_auth(settings, route) && route.host.empty() && route.methods.empty() && route.query.empty() &&
           route.headers.empty() && route.networks.empty();
  });
  return found == settings.routes.end() ? nullptr : &*found;
}

}  // namespace lp
