#pragma once
#include "cli/tenant/plan.h"

// Steps on the organizations' template: scopes, then roles that have them. Pure.
namespace lp {

void plan_organizations(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan);

}  // namespace lp
