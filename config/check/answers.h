#pragma once
#include "config/settings.h"
#include "config/yaml/report.h"

namespace lp {

// What routes[] say of answers: keys that could not do what they seem to do. Pure.
void check_answers(const Settings& settings, Report& report);

}  // namespace lp
