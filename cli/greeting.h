#pragma once
#include <string>
#include <vector>

#include "config/settings.h"

namespace lp {

// What somebody wants to see who starts the proxy in a terminal: where it listens, which addresses to open, which Logto
// is asked, and the routes with who may pass.
[[nodiscard]] std::string greeting(const Settings& settings, const std::vector<std::string>& listening,
                                   const std::string& admin);

}  // namespace lp
