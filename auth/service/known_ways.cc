#include "auth/service/known_ways.h"

#include <utility>

namespace lp {

KnownWays::KnownWays(EventLoop& loop, PinnedFetcher& fetcher, const LogtoSettings& logto, const Clock& clock, Log& log,
                     std::int64_t patience_ms)
    : loop_(loop),
      fetcher_(fetcher),
      logto_(logto),
      clock_(clock),
      log_(log),
      patience_ms_(patience_ms),
      impatience_(loop, [this] { on_impatient(); }) {}

KnownWays::Ways KnownWays::fresh() const {
  const std::lock_guard lock(mutex_);
  return ways_ && clock_.monotonic_ms() - known_at_ms_ < kFreshMs ? ways_ : nullptr;
}

KnownWays::Ways KnownWays::last() const {
  const std::lock_guard lock(mutex_);
  return ways_ && clock_.monotonic_ms() - known_at_ms_ < kStaleMs ? ways_ : nullptr;
}

KnownWays::Ticket KnownWays::ask(Done done) {
  if (Ways known = fresh()) return Waiters<Ways>::answer_later(loop_, std::move(done), std::move(known));
  const bool has_just_failed = failed_at_ms_ && clock_.monotonic_ms() - *failed_at_ms_ < kAgainMs;
  if (!fetch_ && has_just_failed) return Waiters<Ways>::answer_later(loop_, std::move(done), last());
  auto ticket = waiters_.add(std::move(done));
  if (!fetch_) start();
  if (!std::exchange(is_impatient_, true)) impatience_.start_ms(patience_ms_);
  return ticket;
}

void KnownWays::start() {
  fetch_ = fetcher_.fetch(sign_in_ways_request(logto_), [this](const auto& reply) { on_reply(reply); });
}

void KnownWays::on_reply(const Result<ProviderReply>& reply) {
  loop_.defer_delete(std::move(fetch_));
  impatience_.stop();
  is_impatient_ = false;
  auto judged = reply ? judge_sign_in_ways(*reply) : Result<SignInWays>(reply.error());
  if (judged) {
    failed_at_ms_.reset();
    told_ = false;
    const std::lock_guard lock(mutex_);
    ways_ = std::make_shared<const SignInWays>(std::move(*judged));
    known_at_ms_ = clock_.monotonic_ms();
  } else {
    failed_at_ms_ = clock_.monotonic_ms();
    if (!std::exchange(told_, true))
      log_.warning("Logto does not say which ways to sign in it offers: the page for choosing has one button",
                   {{"url", sign_in_ways_request(logto_).url}, {"reason", judged.error().message}});
  }
  waiters_.answer_all(last());
}

// The call goes on for whoever asks next.
void KnownWays::on_impatient() {
  is_impatient_ = false;
  waiters_.answer_all(last());
}

}  // namespace lp
