#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

// What follows from `require: { patreon: ... }`: whom Patreon must be asked about, and what apps are told. Pure.
namespace lp {

// Whether a rule of this route asks for a membership.
[[nodiscard]] bool asks_patreon(const RouteSettings& route);
[[nodiscard]] bool asks_patreon(const Settings& settings);

// Of the route's rules, each once, in the order in which they stand; of all routes.
[[nodiscard]] std::vector<std::string> patreon_campaigns(const RouteSettings& route);
[[nodiscard]] std::set<std::string> patreon_campaigns(const Settings& settings);

// X-Patreon-Campaign, -Tier, -Tier-Id, -Cents and -Status, which the app of such a route gets; none elsewhere.
[[nodiscard]] std::vector<IdentityHeaderSettings> patreon_headers(const RouteSettings& route);

}  // namespace lp
