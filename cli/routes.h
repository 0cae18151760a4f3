#pragma once
#include <string>

#include "cli/text_table.h"
#include "config/settings.h"

namespace lp {

// A row for each route, as `logto-proxy routes` shows it.
[[nodiscard]] TextTable routes_table(const Settings& settings);

// Of a route of which the row does not say who passes: which other one decides, or that nobody does, for many apps take
// the paths of both for the same. A line; empty: there is none.
[[nodiscard]] std::string spelling_words(const Settings& settings, const RouteSettings& route);

// Prints the routes, as a table or, for machines, as JSON. Answers the exit status.
[[nodiscard]] int run_routes(const std::string& config_path, bool json);

}  // namespace lp
