#pragma once
#include <vector>

#include "config/options/option_table.h"

// The rows of the option table about access tokens that clients bring: `bearer`, and two keys of a route.
namespace lp {

void add_bearer_options(std::vector<Option>& table);
void add_bearer_route_options(std::vector<Option>& table);
[[nodiscard]] Group issuer_group();  // bearer.issuers

}  // namespace lp
