#pragma once
#include <string>

namespace lp {

// Asks the admin listener of a running proxy with this configuration: 0 when it is ready. For container health checks.
[[nodiscard]] int run_health(const std::string& config_path);

}  // namespace lp
