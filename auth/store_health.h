#pragma once
#include <atomic>
#include <cstdint>

#include "config/settings.h"

// Whether this process knows which sessions have ended elsewhere.
namespace lp {

// When what the replicas share was known here last. Any thread, without a lock; the auth thread updates it.
class StoreHealth {
 public:
  // All that had been shared was known at this moment, in monotonic milliseconds.
  void in_touch(std::int64_t now_ms) { last_ms_.store(now_ms, std::memory_order_relaxed); }
  [[nodiscard]] bool was_ever() const { return last_ms() >= 0; }
  // -1: never yet. While Redis answers it is at most about SharedRevocations::kReadMs old.
  [[nodiscard]] std::int64_t last_ms() const { return last_ms_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> last_ms_{-1};
};

// Whether ended sessions are shared with other replicas, so that StoreHealth says something.
[[nodiscard]] inline bool shares_ended_sessions(const Settings& settings) {
  return settings.redis.is_configured() &&
         (settings.revocations.share || settings.session.store == SessionStore::redis);
}

enum class StoreTrust {
  trusted,
  never_in_touch,  // what had ended before this process began is not known: no session may pass
  out_of_touch,    // for longer than redis.grace: a session that ended elsewhere could pass
};
[[nodiscard]] inline StoreTrust store_trust(const StoreHealth& health, std::int64_t now_ms, std::int64_t grace_ms) {
  const std::int64_t last_ms = health.last_ms();
  if (last_ms < 0) return StoreTrust::never_in_touch;
  return now_ms - last_ms > grace_ms ? StoreTrust::out_of_touch : StoreTrust::trusted;
}
// Of a realm as it is configured: trusted wherever nothing is shared.
[[nodiscard]] inline StoreTrust may_trust_cookies(const Settings& settings, const StoreHealth& health,
                                                  std::int64_t now_ms) {
  if (!shares_ended_sessions(settings)) return StoreTrust::trusted;
  return store_trust(health, now_ms, settings.redis.grace_ms);
}

}  // namespace lp
