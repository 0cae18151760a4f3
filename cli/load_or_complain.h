#pragma once
#include <memory>
#include <string>

#include "config/settings.h"

namespace lp {

// The settings of a configuration file for a command that only looks at them; its problems go to stderr, and null comes
// back. Warnings are for `check` to tell.
[[nodiscard]] std::shared_ptr<const Settings> load_or_complain(const std::string& config_path);

}  // namespace lp
