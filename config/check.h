#pragma once
#include <string>
#include <vector>

#include "config/report.h"
#include "config/settings.h"

// Rules across options: what each key allows on its own, but not together. Pure. Every rule runs, so that all
// problems come at once.
namespace lp {

void check_settings(const Settings& settings, Report& report);

// What an operator should know of a legal configuration before running it in earnest; `check` prints it.
[[nodiscard]] std::vector<std::string> notes_on(const Settings& settings);

// config/check_routes.cc: the part of it that is about routes.
void check_routes(const Settings& settings, Report& report);

}  // namespace lp
