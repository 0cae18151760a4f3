#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "auth/provider/pinned_fetch.h"
#include "auth/provider/waiters.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "config/settings.h"

namespace lp {

// Whether a browser that is sent to Logto will find it there. Every call that we make ourselves tells; where the last
// one failed, or none has been made lately, discovery is asked before the next person goes: once, whoever waits. So
// nobody is sent to a host that is known to be gone, and nobody is kept from one that is back. Auth thread, but for
// is_known().
class Reachability {
 public:
  static constexpr std::int64_t kHeardLatelyMs = 5'000;
  static constexpr std::int64_t kPatienceMs = 2'000;

  // All must outlive it.
  Reachability(EventLoop& loop, PinnedFetcher& fetcher, const LogtoSettings& logto, const Clock& clock, Log& log);
  Reachability(const Reachability&) = delete;
  Reachability& operator=(const Reachability&) = delete;

  // Any thread; one atomic load. Logto answered a moment ago.
  [[nodiscard]] bool is_known() const;
  // Of each call to Logto: no answer, or a 5xx, is none.
  void heard(const Result<ProviderReply>& reply);

  // What was heard at the start is no word on the moment when the first person comes.
  void forget();

  // True: one may be sent there. A Logto that takes longer than kPatienceMs to answer is given the benefit of the
  // doubt, unless the last call before has failed. `done` runs later, never inside this call; dropping the ticket
  // cancels.
  using Done = std::function<void(Result<bool>)>;
  using Ticket = Waiters<Result<bool>>::Ticket;
  [[nodiscard]] Ticket ask(Done done);

 private:
  void start();
  void on_reply(const Result<ProviderReply>& reply);
  void on_impatient();

  EventLoop& loop_;
  PinnedFetcher& fetcher_;
  const LogtoSettings& logto_;
  const Clock& clock_;
  Log& log_;
  std::atomic<std::int64_t> heard_at_ms_;  // monotonic
  bool last_failed_ = false;
  bool told_ = false;
  bool is_impatient_ = false;  // the timer runs
  Waiters<Result<bool>> waiters_;
  std::unique_ptr<Fetcher::Handle> fetch_;
  Timer impatience_;
};

}  // namespace lp
