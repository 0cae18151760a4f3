#include "auth/session/store_trust.h"

#include "auth/session/store_health.h"

namespace lp {
namespace {

constexpr std::int64_t kQuietMs = 5'000;

}  // namespace

StoreTrust store_trust(const Settings& settings, std::int64_t last_in_touch_ms, std::int64_t now_ms) {
  if (!shares_ended_sessions(settings)) return StoreTrust::full;
  if (last_in_touch_ms < 0) return StoreTrust::none;
  const std::int64_t away_ms = now_ms - last_in_touch_ms;
  if (away_ms <= kQuietMs) return StoreTrust::full;
  return away_ms <= kQuietMs + settings.redis.grace_ms ? StoreTrust::safe_only : StoreTrust::none;
}

bool may_go_on(StoreTrust trust, std::string_view method, bool wants_upgrade) {
  if (trust == StoreTrust::full) return true;
  return trust == StoreTrust::safe_only && !wants_upgrade &&
         (method == "GET" || method == "HEAD" || method == "OPTIONS");
}

}  // namespace lp
