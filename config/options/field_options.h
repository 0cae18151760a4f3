#pragma once
#include <vector>

#include "config/options/option.h"

namespace lp {

// Of fields that pass through: at the top, and with the prefix "routes[]." of a route.
void add_field_options(std::vector<Option>& table);
void add_route_field_options(std::vector<Option>& table);

}  // namespace lp
