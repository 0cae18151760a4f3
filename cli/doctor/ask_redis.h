#pragma once
#include "cli/doctor/finding.h"
#include "config/settings.h"

namespace lp {

// Connects to Redis as the proxy would, with its password, and sends a PING. Waits some seconds at most. Only where
// redis.is_configured().
[[nodiscard]] DoctorFinding ask_redis(const RedisSettings& redis);

}  // namespace lp
