#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

namespace lp {

// Rules across options about routes[].token. Pure.
void check_route_tokens(const Settings& settings, Report& report);

// Where `provision` sees to it that the application always gets refresh tokens, nobody need be told to.
[[nodiscard]] bool provision_issues_refresh_tokens(const Settings& settings);

}  // namespace lp
