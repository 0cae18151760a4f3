#pragma once
#include <string>
#include <string_view>

#include "config/settings.h"
#include "config/yaml/report.h"

namespace lp {

// What a rule on one route is given.
struct RoutePlace {
  const RouteSettings& route;
  const Settings& settings;
  Report& report;
  std::string key;  // where problems are reported, "routes[3]" or "routes[3].token"
  [[nodiscard]] std::string at(std::string_view name) const { return key + "." + std::string(name); }
};

}  // namespace lp
