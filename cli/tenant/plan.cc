#include "cli/tenant/plan.h"

#include <algorithm>

#include "cli/tenant/plan_applications.h"
#include "cli/tenant/plan_organizations.h"
#include "cli/tenant/plan_removal.h"
#include "cli/tenant/plan_rights.h"
#include "cli/tenant/plan_sign_in.h"

namespace lp {

TenantPlan plan_tenant(const WantedTenant& wanted, const TenantState& state) {
  TenantPlan plan;
  plan_applications(wanted, state, plan);
  plan_connectors(wanted, state, plan);
  plan_sign_in_experience(wanted, state, plan);
  plan_resources(wanted, state, plan);
  plan_roles(wanted, state, plan);
  plan_organizations(wanted, state, plan);
  plan_access_control(wanted, state, plan);
  plan_hooks(wanted, state, plan);
  plan_id_token_claims(wanted, state, plan);
  plan_account_center(wanted, state, plan);
  tell_left_over(wanted, state, plan);
  return plan;
}

std::size_t changes_in(const TenantPlan& plan) {
  return static_cast<std::size_t>(std::count_if(plan.steps.begin(), plan.steps.end(), [](const TenantStep& step) {
    return step.kind != TenantStep::Kind::unchanged;
  }));
}

}  // namespace lp
