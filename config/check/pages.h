#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

namespace lp {

// Colours that cannot be read, keys of `pages` that need others.
void check_pages(const Settings& settings, Report& report);
// Apps of the launcher, of one realm: each has a name and an address.
void check_apps(const Settings& settings, Report& report);

}  // namespace lp
