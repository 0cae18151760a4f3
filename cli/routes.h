#pragma once
#include <string>

#include "cli/text_table.h"
#include "config/settings.h"

namespace lp {

// A row for each route, as `logto-proxy routes` shows it.
[[nodiscard]] TextTable routes_table(const Settings& settings);

// Prints the routes, as a table or, for machines, as JSON. Answers the exit status.
[[nodiscard]] int run_routes(const std::string& config_path, bool json);

}  // namespace lp
