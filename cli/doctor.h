#pragma once
#include <string>

#include "config/settings.h"

namespace lp {

struct DoctorOptions {
  bool json = false;
};

// Examines Logto, the apps and what else a running proxy needs, and prints a line for each finding. Answers the exit
// status: 1 where something fails, 2 where the configuration itself is refused.
[[nodiscard]] int run_doctor(const std::string& config_path, const DoctorOptions& options);
// The same for settings that are loaded: `check --online`.
[[nodiscard]] int examine_aloud(const Settings& settings);

}  // namespace lp
