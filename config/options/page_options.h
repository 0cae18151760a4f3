#pragma once
#include <vector>

#include "config/options/option_table.h"

namespace lp {

// The rows of `pages` and of `routes[].app`. Reads the pictures, the layout, the languages and the time zone.
void add_page_options(std::vector<Option>& table);
[[nodiscard]] Group app_group();

}  // namespace lp
