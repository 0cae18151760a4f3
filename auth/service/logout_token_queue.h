#pragma once
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "auth/provider/provider.h"
#include "auth/realm/auth_questions.h"
#include "auth/session/seen_tokens.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/fair_queue.h"
#include "base/log.h"
#include "base/repeated_notice.h"
#include "config/settings.h"

namespace lp {

// Logout tokens on their way through the auth thread. Anybody may send one, so that a flood of junk must cost sign-ins
// nothing: at most one signature is verified in a turn of the loop, keys come from the budget for strangers, and the
// queue is bounded, the addresses that it holds taking turns. What is in the queue is judged to its end, whoever has
// stopped waiting: Logto sends a token once.
class LogoutTokenQueue {
 public:
  // Of memory, for those that wait; an address may have a quarter, some two thousand tokens of Logto's.
  static constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

  using Outcome = Result<LogoutToken, LogoutTokenFailure>;
  using Done = std::function<void(const Outcome&)>;
  using Ended = std::function<void(bool first_time)>;
  using Accepted = std::function<void(const LogoutToken&, Ended)>;

  // All references must outlive it. `accepted` runs once for each token that is good, as far as this process knows, and
  // calls back, at once or later while this lives; false: it was used before elsewhere. Then the token's `done` runs.
  LogoutTokenQueue(EventLoop& loop, Provider& provider, const LogtoSettings& logto, const Clock& clock, Log& log,
                   Accepted accepted);
  LogoutTokenQueue(const LogoutTokenQueue&) = delete;
  LogoutTokenQueue& operator=(const LogoutTokenQueue&) = delete;

  // `done` runs later, never inside this call. Writes one log line, but where there is no room.
  void judge(const OnBehalfOf& whom, std::string token, Done done);

 private:
  struct Queued {
    std::string request_id;
    std::string client;
    std::string token;
    Done done;
    std::unique_ptr<Provider::Wait> wait;
    Result<std::shared_ptr<const Jwks>> keys = std::make_shared<const Jwks>();
  };
  using Place = std::list<Queued>::iterator;

  [[nodiscard]] static std::size_t cost_of(const Queued& queued);
  [[nodiscard]] LogoutTokenExpectations expectations() const;
  void refuse_for_want_of_room(Queued queued);
  void make_ready(Place place);
  void judge_next();
  [[nodiscard]] Outcome outcome_of(const Queued& queued);
  void finish(const std::string& request_id, const Done& done, const Outcome& outcome);
  void tell(const std::string& request_id, const Outcome& outcome);

  EventLoop& loop_;
  Provider& provider_;
  const Clock& clock_;
  Log& log_;
  Accepted accepted_;
  std::string issuer_;
  std::string client_id_;
  SeenTokens seen_;
  std::list<Queued> waiting_;  // for keys
  FairQueue<Queued> ready_;    // counts those that wait for keys too
  RepeatedNotice no_room_;
  Timer turn_;  // set while something is ready
};

}  // namespace lp
