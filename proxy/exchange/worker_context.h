#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "auth/gate/gatekeeper.h"
#include "auth/identity/client_headers.h"
#include "auth/realm/realm.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/event.h"
#include "base/log.h"
#include "base/repeated_notice.h"
#include "proxy/acme/challenges.h"
#include "proxy/exchange/bound_exchanges.h"
#include "proxy/exchange/dropped_overrides.h"
#include "proxy/exchange/link_routes.h"
#include "proxy/exchange/readiness.h"
#include "proxy/exchange/unknown_hosts.h"
#include "proxy/http/forwarding.h"
#include "proxy/http/route_fields.h"
#include "proxy/http/trace_context.h"
#include "proxy/net/buffer.h"
#include "proxy/net/memory_budget.h"
#include "proxy/route/resolve.h"
#include "proxy/route/router.h"
#include "proxy/upstream/pool.h"

namespace lp {

// Shared by all workers of a server; each member is safe from any thread.
struct ServerState {
  explicit ServerState(std::int64_t buffered_bytes = LimitSettings{}.buffered_bytes) : memory(buffered_bytes) {}
  std::atomic<std::int64_t> requests_in_flight{0};  // tunnels included
  std::atomic<std::int64_t> open_tunnels{0};
  std::atomic<bool> draining{false};  // answers say that their connection closes
  Readiness readiness;
  AcmeChallenges challenges;
  MemoryBudget memory;
  RepeatedNotice memory_notice;        // that it was used up
  RepeatedNotice slow_clients_notice;  // that they have what they may of it
  RepeatedNotice descriptors_notice;   // that none is left for connections to apps
  RepeatedNotice handshake_notice;     // that TLS is not agreed on with clients
  UnknownHosts unknown_hosts;
  DroppedOverrides dropped_overrides;
  SharedUpstreams upstreams;
};

// A realm with what all workers share of it for routing.
struct ServedRealm {
  explicit ServedRealm(Realm& realm_in) : realm(realm_in), router(*realm_in.settings) {}
  Realm& realm;
  Router router;
};

// All realms of a process, never none, and its settings. Immutable; outlives the workers.
struct ServedRealms {
  // `all` must outlive it. `settings_in` is what they were made of: routes of all of them, limits, timeouts.
  ServedRealms(const Settings& settings_in, const std::vector<Realm*>& all);
  const Settings& settings;
  ClientHeaderRules client_headers;  // of all realms together: what belongs to us in one is stripped in all
  FieldsOfRoutes fields;
  std::deque<ServedRealm> realms;
};

// A realm on one worker.
struct WorkerRealm {
  WorkerRealm(const ServedRealm& served, EventLoop& loop, DeadlineWheel& wheel);
  Realm& realm;
  const Router& router;
  LinkRoutes links;
  std::unique_ptr<Gatekeeper> gatekeeper;  // never null
  BoundExchanges bound_exchanges;
};

// What belongs to one worker and is used by all its connections. Owned by Worker, outlives them.
struct WorkerContext {
  WorkerContext(const ServedRealms& served, ServerState& server_in);

  const Settings& settings;  // of the process; what may differ from realm to realm is in theirs
  const Clock& clock;
  Log& log;
  const ClientHeaderRules& client_headers;  // of all realms
  const FieldsOfRoutes& fields;             // of all realms
  ServerState& server;
  EventLoop loop;
  DeadlineWheel wheel{loop};
  BufferPool buffers;
  UpstreamPools upstreams;
  std::deque<WorkerRealm> realms;   // never none
  std::vector<RealmRoutes> routes;  // of each of `realms`
  ForwardedLines forwarded_lines;   // nearly always those of the last request of who keeps asking
  std::string scratch;              // for building heads and log lines; valid until the next use
  void write_next_request_id(std::string& id);
  void begin_trace(const Fields& of, TraceContext& trace);

 private:
  [[nodiscard]] std::uint64_t next_random();
  std::uint64_t id_state_;
};

}  // namespace lp
