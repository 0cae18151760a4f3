#pragma once
#include "config/settings.h"

namespace lp {

// Asks Logto and the apps, and prints a line for each answer. Answers the exit status: 1 where one of them fails.
[[nodiscard]] int check_online(const Settings& settings);

}  // namespace lp
