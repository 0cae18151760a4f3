#pragma once
#include <atomic>
#include <cstdint>

#include "base/http_message.h"
#include "proxy/http/messages.h"
#include "proxy/route/fixed_answers.h"

namespace lp {

// Whether traffic should be sent here, and whether anybody wants to know. Any thread.
class Readiness {
 public:
  void end() { is_ready_.store(false, std::memory_order_relaxed); }
  [[nodiscard]] bool is_ready() const { return is_ready_.load(std::memory_order_relaxed); }
  void asked(std::int64_t now_ms) { asked_at_ms_.store(now_ms, std::memory_order_relaxed); }
  // A load balancer asks again and again: one asked within the last five minutes, the longest that any waits between.
  [[nodiscard]] bool is_watched(std::int64_t now_ms) const {
    constexpr std::int64_t kLongestIntervalMs = 5 * 60'000;
    const std::int64_t asked_at_ms = asked_at_ms_.load(std::memory_order_relaxed);
    return asked_at_ms != kNever && now_ms - asked_at_ms <= kLongestIntervalMs;
  }

 private:
  static constexpr std::int64_t kNever = -1;
  std::atomic<bool> is_ready_{true};
  std::atomic<std::int64_t> asked_at_ms_{kNever};  // monotonic
};

// As resolve() will see it.
[[nodiscard]] inline bool is_fixed_answer(const ParsedRequest& request, const HealthSettings& health) {
  return fixed_answer_to(request.head.method, request.path_and_query, request.head.fields, health) != FixedAnswer::none;
}

// For a probe or a crawler, in the words of oauth2-proxy, for which some are set up. Who asks whether we are ready is
// noted.
[[nodiscard]] Answer fixed_answer(FixedAnswer asked, Readiness& readiness, std::int64_t now_ms);

}  // namespace lp
