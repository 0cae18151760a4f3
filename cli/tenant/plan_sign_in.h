#pragma once
#include "cli/tenant/plan.h"

namespace lp {

// Connectors, then the buttons and the look of the sign-in experience, which knows only connectors that are there.
// Pure.
void plan_connectors(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan);
void plan_sign_in_experience(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan);

}  // namespace lp
