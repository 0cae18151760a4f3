#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

namespace lp {

// That what probes and crawlers are answered hides nothing else, or says so. Pure.
void check_health(const Settings& settings, Report& report);

}  // namespace lp
