#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/oidc/app_token.h"
#include "config/settings.h"

// Which tokens routes need, and what a sign-in must ask for so that they can be had later. Pure.
namespace lp {

// Logto grants a resource and its scopes only where the authorization request named them (RFC 8707 2.1): all of them at
// every sign-in, since one session goes to all routes.
struct AppTokenNeeds {
  std::vector<std::string> resources;
  std::vector<std::string> scopes;
};
[[nodiscard]] AppTokenNeeds app_token_needs(const Settings& settings);
// Without the resources of `refused`: one that Logto does not know would fail every sign-in (RFC 8707 2.1).
[[nodiscard]] AppTokenNeeds without_resources(AppTokenNeeds needs, const std::vector<std::string>& refused);

// Whom the access token of a request on this route is for. `host`: of the external URL; `path`: in normal form. An
// organization that is named there is any id as Logto makes them: whether the person belongs to it is Logto's to say.
// Nullopt: the address names none. Only where route.token is configured.
[[nodiscard]] std::optional<TokenAudience> audience_of(const RouteSettings& route, std::string_view host,
                                                       std::string_view path);

// Scopes that the access token of an audience is asked for with: its own. Routes that list none share one token, which
// has the scopes that their rules speak of, for what a token does not show no rule can judge.
[[nodiscard]] std::vector<std::string> scopes_to_ask(const Settings& settings, const TokenAudience& audience);

// Whether the app gets the ID token on this route: as its Authorization, or in a header of its own.
[[nodiscard]] bool wants_id_token(const RouteSettings& route, const Settings& settings);
[[nodiscard]] bool wants_id_tokens(const Settings& settings);

// Whether `require` or `deny` speaks of the scopes of the access token, which must be there first then.
[[nodiscard]] bool judges_scopes(const RouteSettings& route);

}  // namespace lp
