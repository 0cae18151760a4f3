#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/url.h"
#include "config/settings.h"

// The guard against open redirects (threats O10, O11, O12). Pure.
namespace lp {

// A place that a browser may be sent to after sign-in or sign-out: returns the path, query and fragment to use below
// `own`, "/..." only, or nullopt. Accepts "/path?query#fragment", or an absolute URL whose origin equals `own`
// exactly. Everything that some browser might read as another origin ("//", "/\", control bytes, tabs, user info,
// other schemes) is refused, never repaired. So are endpoints of our own, below whichever prefix, and what routes lead
// on to them (auth/rules/return_routes.h): they would loop, or do something, as signing out.
[[nodiscard]] std::optional<std::string> vet_return_to(std::string_view candidate, const Origin& own,
                                                       const Settings& settings);
// The same for a target that a request of the browser has already: its query may hold what browsers send raw in one,
// backslashes, quotes and angle brackets.
[[nodiscard]] std::optional<std::string> vet_own_target(std::string_view target, const Origin& own,
                                                        const Settings& settings);
// The same where sign_in_url runs the sign-in of all external URLs: granted is also what lies below another one of
// them, and comes back as an absolute URL in our own spelling of its origin. A wildcard grants the hosts it stands for.
[[nodiscard]] std::optional<std::string> vet_return_to_own(std::string_view candidate, const Origin& own,
                                                           const Settings& settings);
// The same for every external URL, whoever runs the sign-in: where oauth2-proxy's `rd` may lead.
[[nodiscard]] std::optional<std::string> vet_return_to_external(std::string_view candidate, const Origin& own,
                                                                const Settings& settings);
// The same as the last for a value that we sealed ourselves (a pending sign-in, a state): what is_own_return() names is
// granted too. Never for what a query or a header names.
[[nodiscard]] std::optional<std::string> vet_sealed_return_to(std::string_view candidate, const Origin& own,
                                                              const Settings& settings);

}  // namespace lp
