#pragma once
#include <string>

namespace lp {

// Serves until SIGTERM or SIGINT; SIGHUP reads the secrets of the file again.
[[nodiscard]] int run_serve(const std::string& config_path);

}  // namespace lp
