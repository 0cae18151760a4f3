#pragma once
#include <string>
#include <vector>

#include "config/settings.h"

// Which requests two routes have in common, as far as it is certain. Pure.
namespace lp {

// `wide` matches every host that `narrow` does. Of two different patterns it says no.
[[nodiscard]] bool host_covers(const std::string& wide, const std::string& narrow);
// Without any every method is meant.
[[nodiscard]] bool methods_cover(const RouteSettings& wide, const RouteSettings& narrow);
[[nodiscard]] bool methods_meet(const RouteSettings& a, const RouteSettings& b);
// Host, query, fields and networks: neither path nor methods.
[[nodiscard]] bool conditions_cover(const RouteSettings& wide, const RouteSettings& narrow);
// Host, query and fields alone.
[[nodiscard]] bool fields_and_host_cover(const RouteSettings& wide, const RouteSettings& narrow);
[[nodiscard]] bool lies_in(const Cidr& narrow, const Cidr& wide);
// All but the methods.
[[nodiscard]] bool takes_requests_of(const RouteSettings& wide, const RouteSettings& narrow);

// The hosts that a route can be asked under.
[[nodiscard]] std::vector<std::string> hosts_of(const Settings& settings, const RouteSettings& route);
[[nodiscard]] RouteSettings at_host(RouteSettings route, const std::string& host);
// Checks at /oauth2/auth look at the routes for it and no others.
[[nodiscard]] bool are_asked_together(const Settings& settings, const RouteSettings& a, const RouteSettings& b);

}  // namespace lp
