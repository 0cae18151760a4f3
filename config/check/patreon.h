#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

namespace lp {

// Rules on memberships at Patreon: what they need of Logto and of the route, and that the token goes by TLS.
void check_patreon(const Settings& settings, Report& report);

}  // namespace lp
