#pragma once
#include <cstdint>

#include "cli/doctor/finding.h"
#include "config/settings.h"

namespace lp {

// Asks Logto what can be asked without a user and without the Management API: discovery, the key set, the clock,
// whether it takes each of logto.app_secret (with a refresh token that nobody has), each redirect URI and each API
// resource (by prompt=none, which begins nothing), the page to sign out to, and the connectors that routes name. It
// waits for the answers, each of which is bounded in time. `settings` are those of one realm.
void ask_logto(const Settings& settings, const TellFinding& tell, const DoctorTerms& terms);

}  // namespace lp
