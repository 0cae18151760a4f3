#pragma once
#include <algorithm>
#include <cstdint>

namespace lp {

// When to try again after failures: 1 s, doubling to 60 s. Times are monotonic. Pure.
class Backoff {
 public:
  // After the first failure, the second ...
  [[nodiscard]] static std::int64_t pause_ms(int failures) {
    return std::min(kMaxMs, kFirstMs << std::clamp(failures - 1, 0, 6));
  }

  [[nodiscard]] bool is_waiting(std::int64_t now_ms) const { return failures_ > 0 && now_ms < retry_at_ms_; }
  [[nodiscard]] std::int64_t retry_at_ms() const { return retry_at_ms_; }
  void failed(std::int64_t now_ms) { retry_at_ms_ = now_ms + pause_ms(++failures_); }
  void succeeded() { failures_ = 0; }

 private:
  static constexpr std::int64_t kFirstMs = 1'000;
  static constexpr std::int64_t kMaxMs = 60'000;
  int failures_ = 0;
  std::int64_t retry_at_ms_ = 0;
};

}  // namespace lp
