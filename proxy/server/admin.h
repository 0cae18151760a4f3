#pragma once
#include <memory>
#include <string>

#include "base/deadline.h"
#include "proxy/server/worker.h"

namespace lp {

// The operator's own listener: /healthz (the process lives) and /readyz (send traffic here: to all realms). Runs on the
// server's main loop, so that it answers while workers are busy, and is never a public listener (threat K07).
class Admin {
 public:
  Admin(EventLoop& loop, const Settings& settings, const ClientHeaderRules& rules, const ServerState& server,
        int listening_fd);
  ~Admin();

 private:
  DeadlineWheel wheel_;
  BufferPool buffers_;
  std::string scratch_;
  LimitSettings limits_;
  std::atomic<std::int64_t> open_connections_{0};
  Acceptor acceptor_;
};

// Pure: what a path is answered.
[[nodiscard]] Answer admin_answer(std::string_view method, std::string_view target, bool draining);

}  // namespace lp
