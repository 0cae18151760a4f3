#pragma once
#include <vector>

#include "config/options/option_table.h"

// The rows of `provision:`, what the tenant at Logto is to be like.
namespace lp {

void add_provision_options(std::vector<Option>& table);
[[nodiscard]] Group provision_connector_group();
[[nodiscard]] Group provision_resource_group();
[[nodiscard]] Group provision_role_group();
[[nodiscard]] Group provision_organization_role_group();

}  // namespace lp
