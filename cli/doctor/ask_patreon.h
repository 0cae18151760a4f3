#pragma once
#include "auth/oidc/provider_call.h"
#include "base/result.h"
#include "cli/doctor/finding.h"
#include "config/settings.h"

namespace lp {

// Asks Patreon's API without a token, which it must refuse: whether this machine reaches it. Waits.
[[nodiscard]] DoctorFinding ask_patreon(const Settings& settings);

// What the answer means. Pure.
[[nodiscard]] DoctorFinding judge_patreon_api(const Result<ProviderReply>& reply, const Settings& settings);

}  // namespace lp
