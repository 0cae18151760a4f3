#pragma once
#include <functional>
#include <string>

#include "cli/doctor/finding.h"
#include "config/settings.h"

namespace lp {

// Hears of each finding and of which realm it is; "" where there are none or it is of the whole.
using TellRealm = std::function<void(const std::string& realm, const DoctorFinding&)>;

// All that can be found without a user and without the Management API, from where the proxy stands: Logto,
// certificates, apps, Redis, files, addresses. Waits for the answers.
void examine(const Settings& settings, const TellRealm& tell, const DoctorTerms& terms = {});

}  // namespace lp
