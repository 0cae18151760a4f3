#pragma once
#include <atomic>
#include <cstdint>

namespace lp {

// When this process last knew all that Redis tells of ended sessions; monotonic milliseconds. The auth thread writes,
// any thread reads.
class StoreHealth {
 public:
  void in_touch(std::int64_t now_ms) { last_ms_.store(now_ms, std::memory_order_relaxed); }
  [[nodiscard]] bool was_ever() const { return last_ms() >= 0; }
  [[nodiscard]] std::int64_t last_ms() const { return last_ms_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> last_ms_{-1};
};

}  // namespace lp
