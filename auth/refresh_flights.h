#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/backoff.h"
#include "auth/refresh_flow.h"
#include "auth/refresh_memory.h"
#include "base/event.h"
#include "base/log.h"

namespace lp {

// One flight per refresh token in the process, for whoever holds it. At most logto.max_calls fly at a time, the others
// wait in the order in which they came; while Logto cannot be asked nobody waits (back-off 1 s doubling to 60 s). A
// token that failed is not tried again for 30 s, and a token that came with a failure is not either. Flights go on when
// all askers are gone: Logto may have spent the old token already. Auth thread.
class RefreshFlights {
 public:
  static constexpr std::size_t kMaxFlights = 100'000;

  // `loop`, `log` and what `world` names must outlive it.
  RefreshFlights(EventLoop& loop, const AuthWorld& world, Log& log);

  // May be called inside join() (an outcome that is known) or later; must not call back into this object.
  using Answer = std::function<void(const RefreshOutcome&)>;
  void join(const std::string& request_id, const Session& session, Answer answer);

  // What stood in the way may be gone: the next asker need not wait for the back-off to end.
  void retry_now() { backoff_.succeeded(); }

  [[nodiscard]] std::size_t size() const { return flights_.size(); }

 private:
  struct Flight {
    std::string request_id;  // of the first asker
    Session session;
    std::unique_ptr<RefreshFlow> flow;  // null: waits for its turn
    std::vector<Answer> askers;
  };

  void start_waiting();
  void start(const std::string& key, Flight& flight);
  void land(const std::string& key, const RefreshOutcome& outcome);
  void remember(const Flight& flight, const RefreshOutcome& outcome);
  void fail_all_waiting(const RefreshFailure& failure);
  void tell(const Flight& flight, const RefreshFailure& failure);

  EventLoop& loop_;
  AuthWorld world_;
  Log& log_;
  std::unordered_map<std::string, Flight> flights_;  // by refresh_key()
  std::deque<std::string> waiting_;                  // keys of flights without a flow, in order
  std::size_t flying_ = 0;
  RefreshMemory memory_;
  Backoff backoff_;
  RefreshFailure last_failure_;  // why there is a back-off; without anybody's token
};

}  // namespace lp
