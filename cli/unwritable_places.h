#pragma once
#include <string>
#include <vector>

#include "config/settings.h"

namespace lp {

// Files and sockets that this process could not make where the configuration wants them: `serve` will not start where
// the same holds for its user. One line each, with key, path and reason.
[[nodiscard]] std::vector<std::string> unwritable_places(const Settings& settings);

}  // namespace lp
