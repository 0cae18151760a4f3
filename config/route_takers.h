#pragma once
#include <vector>

#include "config/path_share.h"
#include "config/settings.h"

// Which routes take a route's requests before it, also where only several together do. Pure.
namespace lp {

struct Takers {
  // Together they leave no request to it; empty: some are left, or nobody knows.
  std::vector<const RouteSettings*> all_of;
  bool is_known = true;  // false: a pattern is not looked into, or all is too large
};

// `route` is one of `settings`, perhaps at_host(). With PathReading::as_written: of its requests by a path that it
// would match without (?i).
[[nodiscard]] Takers takers_before(const Settings& settings, const RouteSettings& route,
                                   PathReading reading = PathReading::whole);

}  // namespace lp
