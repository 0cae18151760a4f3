#pragma once
#include <atomic>
#include <cstdint>

#include "config/settings.h"

// Whether this process knows which sessions have ended elsewhere; what follows from it: auth/session/store_trust.h.
namespace lp {

// When what the replicas share was known here last. Any thread, without a lock; the auth thread updates it.
class StoreHealth {
 public:
  // All that had been shared was known at this moment, in monotonic milliseconds.
  void in_touch(std::int64_t now_ms) {
    last_ms_.store(now_ms, std::memory_order_relaxed);
    if (in_trouble_.exchange(false, std::memory_order_relaxed)) back_ms_.store(now_ms, std::memory_order_relaxed);
  }
  // An answer failed or is late: what ended elsewhere since last_ms() may be unknown here, until in_touch().
  void in_trouble() { in_trouble_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool is_in_trouble() const { return in_trouble_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool was_ever() const { return last_ms() >= 0; }
  // -1: never yet. While Redis answers it is at most about SharedRevocations::kReadMs old, and not in trouble.
  [[nodiscard]] std::int64_t last_ms() const { return last_ms_.load(std::memory_order_relaxed); }
  // When the last trouble was over; -1: there has been none.
  [[nodiscard]] std::int64_t back_ms() const { return back_ms_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> last_ms_{-1};
  std::atomic<std::int64_t> back_ms_{-1};
  std::atomic<bool> in_trouble_{false};
};

}  // namespace lp
