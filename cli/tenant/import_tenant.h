#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/tenant/tenant_state.h"

namespace lp {

// A tenant that is there as the `provision:` of a configuration, for whoever begins with one that was made by hand. No
// secret is in it: `variables` are the names of those that stand in their place, "LINKEDIN_CLIENT_SECRET". `app_id`:
// which of its applications signs people in; empty: none is written. Pure.
struct ImportedTenant {
  std::string yaml;
  std::vector<std::string> variables;
};
[[nodiscard]] ImportedTenant import_tenant(const TenantState& state, const std::string& app_id);

}  // namespace lp
