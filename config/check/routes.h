#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

// Rules across options that are about routes. Pure.
namespace lp {

// Of one realm.
void check_routes(const Settings& settings, Report& report);
// Of all realms together: what routes leave to those behind them, and to other spellings.
void check_routes_among_all(const Settings& settings, Report& report);
// Of all realms together: there is a route, and the host of each is one of ours.
void check_hosts_of_routes(const Settings& settings, Report& report);

}  // namespace lp
