#pragma once
#include "cli/tenant/plan.h"

namespace lp {

// The applications and, in the first one's customData, the marks of all that is about to be made: they are there before
// it is, so that a run which is interrupted leaves nothing that nobody knows again. Pure.
void plan_applications(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan);
// Who may use them, by Logto's own access control; after the roles.
void plan_access_control(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan);

}  // namespace lp
