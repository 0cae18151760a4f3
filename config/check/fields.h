#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

namespace lp {

// Rules on what is done to fields and paths on their way.
void check_fields(const Settings& settings, Report& report);

}  // namespace lp
