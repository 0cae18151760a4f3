#include "auth/session/store_trust.h"

#include "config/shared_ends.h"

namespace lp {
namespace {

// For whom even the one who would notice trouble (auth/replicas/shared_revocations.h) is silent, its disk being slow.
constexpr std::int64_t kQuietMs = 2'000;
// Until a replica is connected again too (a second at most, base/redis_client) and has told what it kept
// (kTellAgainMs, auth/replicas/redis_sessions.cc).
constexpr std::int64_t kCatchingUpMs = 2'000;

}  // namespace

StoreTrust store_trust(const Settings& settings, const StoreHealth& health, std::int64_t now_ms) {
  if (!shares_ended_sessions(settings)) return StoreTrust::full;
  if (!health.was_ever()) return StoreTrust::none;
  const std::int64_t away_ms = now_ms - health.last_ms();
  if (!health.is_in_trouble() && away_ms <= kQuietMs) return StoreTrust::full;
  return away_ms <= settings.redis.grace_ms ? StoreTrust::safe_only : StoreTrust::none;
}

bool may_lack_uses(const StoreHealth& health, std::int64_t now_ms) {
  if (health.is_in_trouble()) return true;  // it answers again, and what ended or went on meanwhile is not read yet
  return health.back_ms() >= 0 && now_ms - health.back_ms() <= kCatchingUpMs;
}

bool may_go_on(StoreTrust trust, std::string_view method, bool wants_upgrade) {
  if (trust == StoreTrust::full) return true;
  return trust == StoreTrust::safe_only && !wants_upgrade &&
         (method == "GET" || method == "HEAD" || method == "OPTIONS");
}

}  // namespace lp
