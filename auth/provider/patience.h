#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>

namespace lp {

// Troubles of somebody whom we ask are mostly over in a second: when to try again while those who wait are told nothing
// yet. Soon at first, then less often, with jitter so that replicas do not ask in step, and for a few seconds only, so
// that a long trouble costs each of them no more than that; then Backoff's time begins. Times are monotonic. Pure.
class Patience {
 public:
  static constexpr std::int64_t kMs = 3'000;
  static constexpr int kRepeats = 5;

  // A call that began at `began_ms` has failed: how long to wait before the next one, or nullopt: this is no short
  // trouble, tell them. A call is repeated once even if it took longer than all patience. `jitter`: 0 to 1.
  [[nodiscard]] std::optional<std::int64_t> after_failure(std::int64_t began_ms, std::int64_t now_ms, double jitter) {
    if (tries_ == 0 || now_ms - failed_at_ms_ > kForgetMs) {
      since_ms_ = began_ms;
      tries_ = 0;
    }
    failed_at_ms_ = now_ms;
    tries_ = std::min(tries_ + 1, kRepeats + 1);
    const bool is_over = tries_ > kRepeats || (tries_ > 1 && now_ms - since_ms_ >= kMs);
    if (is_over) return std::nullopt;
    const std::int64_t most_ms = std::min(kMostMs, kFirstMs << (tries_ - 1));
    return most_ms / 2 + static_cast<std::int64_t>(jitter * static_cast<double>(most_ms) / 2);
  }
  void succeeded() { tries_ = 0; }
  // What failed is no short trouble, or none that trying again helps against.
  void give_up(std::int64_t now_ms) {
    tries_ = kRepeats + 1;
    failed_at_ms_ = now_ms;
  }
  // It has run out, until a success or for a while.
  [[nodiscard]] bool is_exhausted(std::int64_t now_ms) const {
    return is_tried(now_ms) && (tries_ > kRepeats || (tries_ > 1 && now_ms - since_ms_ >= kMs));
  }
  // Since a failure, until a success or for a while.
  [[nodiscard]] bool is_tried(std::int64_t now_ms) const { return tries_ > 0 && now_ms - failed_at_ms_ <= kForgetMs; }

 private:
  static constexpr std::int64_t kFirstMs = 200;
  static constexpr std::int64_t kMostMs = 800;
  static constexpr std::int64_t kForgetMs = 30'000;
  int tries_ = 0;  // that failed in a row
  std::int64_t since_ms_ = 0;
  std::int64_t failed_at_ms_ = 0;
};

}  // namespace lp
