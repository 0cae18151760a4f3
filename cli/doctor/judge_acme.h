#pragma once
#include <cstdint>
#include <vector>

#include "cli/doctor/finding.h"
#include "config/settings.h"

namespace lp {

// The certificates that have come by themselves, as they are in their files: for how long they are good, and whether
// one should have been renewed.
[[nodiscard]] std::vector<DoctorFinding> judge_acme(const Settings& settings, std::int64_t now_s);

}  // namespace lp
