#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

// Rules across options about access tokens that clients bring.
namespace lp {

void check_bearer(const Settings& settings, Report& report);
void check_bearer_route(const RouteSettings& route, const Settings& settings, Report& report);

}  // namespace lp
