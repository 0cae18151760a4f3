#pragma once
#include <cstdint>

namespace lp {

// Both times a program needs. Wall time judges tokens and sessions, monotonic time judges waits. Implementations are
// safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::int64_t unix_ms() const = 0;
  [[nodiscard]] virtual std::int64_t monotonic_ms() const = 0;
  [[nodiscard]] std::int64_t unix_s() const { return unix_ms() / 1000; }
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t unix_ms() const override;
  [[nodiscard]] std::int64_t monotonic_ms() const override;
};

// For tests: stands still until moved. Not thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::int64_t unix_ms) : unix_ms_(unix_ms) {}
  [[nodiscard]] std::int64_t unix_ms() const override { return unix_ms_; }
  [[nodiscard]] std::int64_t monotonic_ms() const override { return monotonic_ms_; }
  void advance_ms(std::int64_t by) {
    unix_ms_ += by;
    monotonic_ms_ += by;
  }

 private:
  std::int64_t unix_ms_;
  std::int64_t monotonic_ms_ = 0;
};

}  // namespace lp
