#pragma once
#include <string>
#include <vector>

#include "config/settings.h"
#include "proxy/route/router.h"

// Why each route matches a request or does not, for operators. Asks the router itself, about one condition at a time,
// so that it cannot think otherwise than the server. Slow: it compiles each route several times. Pure.
namespace lp {

struct RouteStep {
  const RouteSettings* route = nullptr;
  // One for each condition that fails, beginning with its name: "path: /a is not /b/*". Empty: it matches.
  std::vector<std::string> why_not;
  // A condition that can be read in two ways: the request is refused here.
  std::vector<std::string> unclear;
  [[nodiscard]] bool matches() const { return why_not.empty(); }
};

// In the order of the file, up to the first that matches, which is the last element; or all of them.
[[nodiscard]] std::vector<RouteStep> explain_routes(const Settings& settings, const RouteQuestion& question);

// The conditions on query, header fields and networks in a few words each: "query a = 1", "header X-A ~ v[0-9]".
[[nodiscard]] std::vector<std::string> describe_conditions(const RouteSettings& route);

}  // namespace lp
