#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

namespace lp {

// Checks for other proxies (`forward_auth`): who may ask, what is answered, and whether every rule is asked by
// somebody. As of one realm.
void check_forward_auth(const Settings& settings, Report& report);

}  // namespace lp
