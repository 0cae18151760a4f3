#pragma once
#include <string>
#include <vector>

#include "cli/doctor/examine.h"
#include "cli/logto/management_api.h"
#include "cli/tenant/plan.h"
#include "config/settings.h"

namespace lp {

// Whether the configuration names an application that may ask the Management API.
[[nodiscard]] bool has_management(const Settings& settings);

// What only the Management API knows: whether the tenant is what `provision:` says, whether refresh tokens come, and
// whether Logto reaches our webhook, by a signed sample that it posts there. Only where has_management(). Waits.
void examine_tenant(const Settings& settings, const TellRealm& tell);

// What Logto's answer to POST /api/hooks/ID/test means; `url` is where it posted. Pure.
[[nodiscard]] DoctorFinding judge_hook_test(const Result<nlohmann::json, ApiProblem>& answer, const std::string& url);
// What somebody has set in Logto that stops people there, where the proxy hears nothing. `roles`: whom the file itself
// lets in by Logto's access control. Pure.
[[nodiscard]] std::vector<DoctorFinding> judge_who_may_come(const nlohmann::json& application,
                                                            const std::vector<std::string>& roles);
// Whether a session of this application can be refreshed. Pure.
[[nodiscard]] DoctorFinding judge_refresh_tokens(const nlohmann::json& application, const LogtoSettings& logto);
// Whether what rules on memberships at Patreon need is there. Pure.
[[nodiscard]] DoctorFinding judge_patreon(const TenantState& state, const std::string& connector);

}  // namespace lp
