#pragma once
#include <vector>

#include "config/options/option.h"

namespace lp {

// The rows of `patreon:`.
void add_patreon_options(std::vector<Option>& table);

}  // namespace lp
