#pragma once
#include <string>
#include <vector>

#include "config/settings.h"

namespace lp {

// What this machine lacks for certificates that come by themselves (listen[].tls.acme), a sentence each. `serve` starts
// all the same: what there is already is served.
[[nodiscard]] std::vector<std::string> acme_needs(const Settings& settings);

}  // namespace lp
