#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "proxy/server/worker.h"

namespace lp {

// Whether traffic should be sent here, and whether anybody wants to know.
class Readiness {
 public:
  // Main thread.
  void end() { is_ready_ = false; }
  [[nodiscard]] bool is_ready() const { return is_ready_; }
  void asked(std::int64_t now_ms) { asked_at_ms_ = now_ms; }
  // A load balancer asks again and again: one asked within the last five minutes, the longest that any waits between.
  [[nodiscard]] bool is_watched(std::int64_t now_ms) const {
    constexpr std::int64_t kLongestIntervalMs = 5 * 60'000;
    return asked_at_ms_ && now_ms - *asked_at_ms_ <= kLongestIntervalMs;
  }

 private:
  bool is_ready_ = true;
  std::optional<std::int64_t> asked_at_ms_;  // monotonic
};

// The operator's own listener: /healthz (the process lives) and /readyz (send traffic here: to all realms). Runs on the
// server's main loop, so that it answers while workers are busy, and is never a public listener (threat K07).
class Admin {
 public:
  // All must outlive it.
  Admin(EventLoop& loop, const Settings& settings, const ClientHeaderRules& rules, Readiness& readiness,
        const Clock& clock, Log& log, int listening_fd);
  ~Admin();

 private:
  DeadlineWheel wheel_;
  BufferPool buffers_;
  std::string scratch_;
  const LimitSettings limits_;  // of the settings, but for connections
  MemoryBudget memory_;
  ConnectionShares shares_;
  Acceptor acceptor_;
};

// Pure: what a path is answered. To OPTIONS, which HAProxy's checks say unless they are told otherwise, the same;
// OPTIONS / is its plainest check and means /readyz.
[[nodiscard]] Answer admin_answer(std::string_view method, std::string_view target, bool is_stopping);

}  // namespace lp
