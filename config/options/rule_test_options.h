#pragma once
#include <vector>

#include "config/options/option_table.h"

// The rows of `tests:`: requests that the configuration itself says the outcome of.
namespace lp {

void add_rule_test_options(std::vector<Option>& table);
[[nodiscard]] Group rule_test_group();

}  // namespace lp
