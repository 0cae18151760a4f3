#pragma once
#include "config/check/route_place.h"
#include "config/settings.h"

// Routes whose requests other routes decide, because many apps take their path for those (config/spelling.h). The same
// answer as the router's, for all requests of a route at once. Pure.
namespace lp {

struct SpellingFate {
  const RouteSettings* other = nullptr;  // the route in another spelling; null: each decides for its own requests
  bool decides = false;                  // it does, being the stricter one; false: nobody does, and the answer is 400
  bool always = false;                   // for every request of the route, not only for some
};
[[nodiscard]] SpellingFate spelling_fate(const Settings& settings, const RouteSettings& route);

void check_spellings(const RoutePlace& place);

}  // namespace lp
