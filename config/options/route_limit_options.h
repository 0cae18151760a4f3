#pragma once
#include <vector>

#include "config/options/option.h"

namespace lp {

// Rows of routes[].limits, .timeouts and .compression.
void add_route_limit_options(std::vector<Option>& table);
[[nodiscard]] Group compression_group();

}  // namespace lp
