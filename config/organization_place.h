#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "config/settings.h"

// Which organization of Logto an address names, for routes with `organization` or `token.organization`. Pure.
namespace lp {

// As Logto makes them; anything else in an address names none.
[[nodiscard]] bool is_organization_id(std::string_view text);

// The one whose members alone may use the route. `host`: of the external URL; `path`: in normal form. Empty: the route
// is for no organization, or the address names none. Lives as long as route, host and path.
[[nodiscard]] std::string_view organization_of_route(const RouteSettings& route, std::string_view host,
                                                     std::string_view path);
// The one that the app's access token is for (routes[].token). As above.
[[nodiscard]] std::string_view organization_of_token(const RouteSettings& route, std::string_view host,
                                                     std::string_view path);

// Where `path`, of this route, is that of one organization, and `reading`, as some app reads the same path, that of
// another one: whoever was let in as a member of the one must not reach the other's.
[[nodiscard]] bool names_other_organization(const RouteSettings& route, std::string_view path,
                                            std::string_view reading);

}  // namespace lp
