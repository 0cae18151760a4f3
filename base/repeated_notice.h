#pragma once
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>

namespace lp {

// For log lines about what may happen a thousand times a second: the first time is told, then once a minute while it
// goes on. Any thread, no lock.
class RepeatedNotice {
 public:
  static constexpr std::int64_t kSilentMs = 60'000;

  // Each time it happens. Set when a line is due: how many times it has happened since the last one, this time
  // included. `now_ms` is monotonic.
  [[nodiscard]] std::optional<std::int64_t> happened(std::int64_t now_ms) {
    times_.fetch_add(1, std::memory_order_relaxed);
    std::int64_t told = told_at_ms_.load(std::memory_order_relaxed);
    const bool is_due = told == kNever || now_ms - told >= kSilentMs;
    if (!is_due || !told_at_ms_.compare_exchange_strong(told, now_ms)) return std::nullopt;
    return times_.exchange(0);
  }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
  std::atomic<std::int64_t> told_at_ms_{kNever};
  std::atomic<std::int64_t> times_{0};
};

}  // namespace lp
