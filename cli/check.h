#pragma once
#include <string>

namespace lp {

// Judges a configuration file and runs its `tests:`; warnings and problems on stderr; 0, or 2 when serve would refuse
// to start. With `print` the effective settings go to stdout, secrets masked.
[[nodiscard]] int run_check(const std::string& config_path, bool print);

}  // namespace lp
