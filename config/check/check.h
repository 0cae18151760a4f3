#pragma once
#include <string>
#include <vector>

#include "config/settings.h"
#include "config/yaml/report.h"

// Rules across options: what each key allows on its own, but not together. Pure. Every rule runs, so that all
// problems come at once. Most judge one realm as if it were alone; what they say of "logto.x" the report says of
// "realms.NAME.logto.x" where there are several.
namespace lp {

void check_settings(const Settings& settings, Report& report);

// What an operator should know of a legal configuration before running it in earnest; `check` prints it.
[[nodiscard]] std::vector<std::string> notes_on(const Settings& settings);

}  // namespace lp
