#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/settings.h"

namespace lp {

// Runs the `tests:` of a configuration through proxy/judge/judge.h: no network, no other configuration. One text of
// one or more lines for each that fails: what was expected, what was found and why. `config_path` is for these texts.
[[nodiscard]] std::vector<std::string> failing_rule_tests(const Settings& settings, const std::string& config_path,
                                                          std::int64_t now_s);

}  // namespace lp
