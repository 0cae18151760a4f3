#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "proxy/exchange/readiness.h"
#include "proxy/server/worker.h"

namespace lp {

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
  FreeList<RequestUnderWay> requests_;
  FreshEvents events_;
  Acceptor acceptor_;
};

// Pure: what a path is answered. To OPTIONS, which HAProxy's checks say unless they are told otherwise, the same;
// OPTIONS / is its plainest check and means /readyz.
[[nodiscard]] Answer admin_answer(std::string_view method, std::string_view target, bool is_stopping);

}  // namespace lp
