#pragma once
#include "config/check/route_place.h"

namespace lp {

// A path's pattern is matched against the whole path. In other products it is looked for anywhere in it, and one that
// was written for that takes few paths here, or none. Refused where a rule would be lost by it: where a route behind,
// which lets more people pass, takes a path in which the pattern would be found. Patterns of claims, parameters and
// fields that say where they begin or end, and not both, likewise; refused where whoever they do not take would pass.
void check_patterns(const RoutePlace& place);

}  // namespace lp
