#pragma once
#include <string>

namespace lp {

// Prints the routes as a table.
[[nodiscard]] int run_routes(const std::string& config_path);

}  // namespace lp
