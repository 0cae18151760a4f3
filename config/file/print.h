#pragma once
#include <string>
#include <vector>

#include "config/settings.h"

namespace lp {

// The effective settings as YAML, in the order of the option table, secrets shown as "********".
[[nodiscard]] std::string print_config(const Settings& settings);
// The keys whose effective values differ, as --print-config shows them, in the order of the option table: "routes",
// "session.idle_timeout". Secrets of one number look the same.
[[nodiscard]] std::vector<std::string> differing_keys(const Settings& a, const Settings& b);

}  // namespace lp
