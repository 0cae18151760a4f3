#pragma once
#include <string>

namespace lp {

struct CheckOptions {
  bool print = false;   // the effective settings, to standard output
  bool online = false;  // Logto and the apps are asked too
};

// Judges a configuration file and runs its tests. Answers the exit status.
[[nodiscard]] int run_check(const std::string& config_path, const CheckOptions& options);

}  // namespace lp
