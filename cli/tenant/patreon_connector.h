#pragma once
#include <string>

#include "cli/tenant/tenant_state.h"
#include "cli/tenant/wanted.h"
#include "config/provision.h"

// What rules on memberships at Patreon want of the tenant: Logto's own Patreon connector throws its tokens away, so the
// standard one stands in its place, with the same target, which keeps people's accounts (Logto fact 34). Pure.
namespace lp {

// Whether this is the connector whose tokens such rules need.
[[nodiscard]] bool is_for_memberships(const Settings& settings, const ProvisionConnectorSettings& connector);
// Fills in what the file does not say; whatever it says stays. Appends what cannot be.
void keep_patreon_tokens(const ProvisionConnectorSettings& given, TenantConnector& connector, TenantProblems& problems);

// Which route has such a rule: "of route #2 /gold/*"; empty: none.
[[nodiscard]] std::string membership_reason(const Settings& settings);

// "": the tenant keeps people's tokens of this target, and gives them to their person. Else what is wrong.
[[nodiscard]] std::string why_no_patreon_tokens(const TenantState& state, const std::string& target);

}  // namespace lp
