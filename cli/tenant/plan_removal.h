#pragma once
#include "cli/tenant/plan.h"

namespace lp {

// The marks of all applications of this configuration: what was made here. Pure.
[[nodiscard]] std::vector<std::string> marks_in(const WantedTenant& wanted, const TenantState& state);

}  // namespace lp
