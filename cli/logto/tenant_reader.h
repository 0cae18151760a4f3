#pragma once
#include "cli/logto/management_api.h"
#include "cli/tenant/plan.h"

namespace lp {

// The tenant, as far as planning looks at it.
[[nodiscard]] Result<TenantState, ApiProblem> read_tenant(ManagementApi& api, const WantedTenant& wanted);
// One part of it anew, after a step that touched it.
[[nodiscard]] Result<void, ApiProblem> read_part(ManagementApi& api, const WantedTenant& wanted, TenantPart part,
                                                 TenantState& state);

}  // namespace lp
