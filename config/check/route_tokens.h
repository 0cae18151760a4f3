#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

namespace lp {

// Rules across options about routes[].token. Pure.
void check_route_tokens(const Settings& settings, Report& report);

}  // namespace lp
