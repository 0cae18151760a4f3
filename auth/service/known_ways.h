#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "auth/oidc/sign_in_ways.h"
#include "auth/provider/pinned_fetch.h"
#include "auth/provider/waiters.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "config/settings.h"

namespace lp {

// The ways to sign in that Logto offers, for the page that shows them. Anybody can ask for that page, so what they
// cause is bounded: one call at a time, and none for kFreshMs after an answer or kAgainMs after a failure, whoever
// comes. What is older goes on for kStaleMs while Logto does not answer. Auth thread, but for fresh().
class KnownWays {
 public:
  static constexpr std::int64_t kFreshMs = 60'000;
  static constexpr std::int64_t kAgainMs = 10'000;
  static constexpr std::int64_t kStaleMs = 3'600'000;
  static constexpr std::int64_t kPatienceMs = 2'000;

  // All must outlive it. `patience_ms`: of whoever asks.
  KnownWays(EventLoop& loop, PinnedFetcher& fetcher, const LogtoSettings& logto, const Clock& clock, Log& log,
            std::int64_t patience_ms = kPatienceMs);
  KnownWays(const KnownWays&) = delete;
  KnownWays& operator=(const KnownWays&) = delete;

  using Ways = std::shared_ptr<const SignInWays>;
  // Any thread. Null: they must be asked for.
  [[nodiscard]] Ways fresh() const;

  // Null: they are not to be had within kPatienceMs. `done` runs later, never inside this call; dropping the ticket
  // cancels.
  using Done = Waiters<Ways>::Done;
  using Ticket = Waiters<Ways>::Ticket;
  [[nodiscard]] Ticket ask(Done done);

 private:
  void start();
  void on_reply(const Result<ProviderReply>& reply);
  void on_impatient();
  // Those that may still be shown; null: none.
  [[nodiscard]] Ways last() const;

  EventLoop& loop_;
  PinnedFetcher& fetcher_;
  const LogtoSettings& logto_;
  const Clock& clock_;
  Log& log_;
  const std::int64_t patience_ms_;
  Waiters<Ways> waiters_;
  std::unique_ptr<Fetcher::Handle> fetch_;
  Timer impatience_;
  bool is_impatient_ = false;                 // the timer runs
  bool told_ = false;                         // of the failure
  std::optional<std::int64_t> failed_at_ms_;  // monotonic, as all here
  mutable std::mutex mutex_;                  // guards the two below
  Ways ways_;
  std::int64_t known_at_ms_ = 0;
};

}  // namespace lp
