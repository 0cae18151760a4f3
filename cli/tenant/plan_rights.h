#pragma once
#include "cli/tenant/plan.h"

namespace lp {

// API resources with their scopes, then roles with theirs. Pure.
void plan_resources(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan);
void plan_roles(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan);
// Webhooks that tell of suspended and deleted users, and what ID tokens hold.
void plan_hooks(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan);
void plan_id_token_claims(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan);
// Whether people's applications may ask for what Logto keeps of them.
void plan_account_center(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan);

}  // namespace lp
