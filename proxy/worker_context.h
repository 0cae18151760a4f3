#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "auth/gatekeeper.h"
#include "auth/realm.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "proxy/bound_exchanges.h"
#include "proxy/buffer.h"
#include "proxy/router.h"
#include "proxy/upstream_pool.h"

namespace lp {

// Shared by all workers of a server; each member is safe from any thread.
struct ServerState {
  std::atomic<std::int64_t> open_connections{0};
  std::atomic<std::int64_t> requests_in_flight{0};  // tunnels included
  std::atomic<std::int64_t> open_tunnels{0};
  std::atomic<bool> draining{false};
};

// What belongs to one worker and is used by all its connections. Owned by Worker, outlives them.
struct WorkerContext {
  WorkerContext(Realm& realm_in, const Router& router_in, ServerState& server_in);

  Realm& realm;
  const Settings& settings;
  const Router& router;
  ServerState& server;
  EventLoop loop;
  DeadlineWheel wheel{loop};
  BufferPool buffers;
  UpstreamPools upstreams;
  std::unique_ptr<Gatekeeper> gatekeeper;  // never null
  BoundExchanges bound_exchanges;
  std::string scratch;  // for building heads and log lines; valid until the next use
  [[nodiscard]] std::string next_request_id();

 private:
  std::uint64_t id_state_;
};

}  // namespace lp
