#pragma once
#include "cli/tenant/plan.h"

namespace lp {

// The marks of all applications of this configuration: what was made here. Pure.
[[nodiscard]] std::vector<std::string> marks_in(const WantedTenant& wanted, const TenantState& state);
// Appends, as steps without anything to do, what an earlier file has made and this one names no more: nothing of it is
// taken away by itself, and people would look for it in vain.
void tell_left_over(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan);

}  // namespace lp
