#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

namespace lp {

// Rules across options about what apps are told of people. Pure.
void check_identity(const Settings& settings, Report& report);

}  // namespace lp
