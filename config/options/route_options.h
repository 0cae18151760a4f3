#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/options/option_table.h"

// The rows of the option table below `routes[]`, and those of sign-in settings, which stand in two places.
namespace lp {

void add_route_options(std::vector<Option>& table);
[[nodiscard]] Group redirect_group();
void add_sign_in_options(std::vector<Option>& table, const std::string& prefix, std::string_view keep_fragment_default);

}  // namespace lp
