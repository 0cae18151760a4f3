#pragma once
#include "cli/doctor/finding.h"
#include "config/settings.h"

namespace lp {

// Connects to an app as the proxy would and sends a HEAD: whether something is there, and whether that speaks HTTP.
// Waits for the answer, at most for connect_timeout or five seconds, whichever is less.
[[nodiscard]] DoctorFinding ask_app(const UpstreamSettings& upstream);

}  // namespace lp
