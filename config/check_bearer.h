#pragma once
#include "config/report.h"
#include "config/settings.h"

// Rules across options about access tokens that clients bring.
namespace lp {

void check_bearer(const Settings& settings, Report& report);
void check_bearer_route(const RouteSettings& route, const Settings& settings, Report& report);

}  // namespace lp
