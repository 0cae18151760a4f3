#pragma once
#include <functional>
#include <string>
#include <vector>

#include "cli/logto/management_api.h"
#include "cli/tenant/plan.h"

namespace lp {

// What became of a plan.
struct AppliedPlan {
  std::size_t done = 0;
  std::string failure;               // "KEY: why": the step that Logto refused, after which nothing was tried
  std::vector<TenantStep> left;      // what was not tried then
  std::vector<TenantStep> not_kept;  // Logto took it, and has not kept it as it was sent
};

// Takes one step, reads what it touched, and plans anew, until there is nothing left to do: each step is sent once at
// most. `state` is what the tenant is like afterwards. `tell` hears of each step that is done.
[[nodiscard]] AppliedPlan apply_plan(ManagementApi& api, const WantedTenant& wanted, TenantState& state,
                                     const std::function<TenantPlan(const TenantState&)>& plan,
                                     const std::function<void(const TenantStep&)>& tell);

}  // namespace lp
