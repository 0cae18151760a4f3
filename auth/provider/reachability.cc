#include "auth/provider/reachability.h"

#include <limits>
#include <utility>

#include "auth/oidc/discovery.h"

namespace lp {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min() / 2;

// Whoever says 5xx, Logto or what stands in front of it, serves nobody now. A refusal says that it is there.
bool is_there(const Result<ProviderReply>& reply) { return reply && reply->status < 500; }

}  // namespace

Reachability::Reachability(EventLoop& loop, PinnedFetcher& fetcher, const LogtoSettings& logto, const Clock& clock,
                           Log& log)
    : loop_(loop),
      fetcher_(fetcher),
      logto_(logto),
      clock_(clock),
      log_(log),
      heard_at_ms_(kNever),
      impatience_(loop, [this] { on_impatient(); }) {}

bool Reachability::is_known() const {
  return clock_.monotonic_ms() - heard_at_ms_.load(std::memory_order_relaxed) < kHeardLatelyMs;
}

void Reachability::heard(const Result<ProviderReply>& reply) {
  last_failed_ = !is_there(reply);
  heard_at_ms_.store(last_failed_ ? kNever : clock_.monotonic_ms(), std::memory_order_relaxed);
}

void Reachability::forget() { heard_at_ms_.store(kNever, std::memory_order_relaxed); }

Reachability::Ticket Reachability::ask(Done done) {
  if (is_known()) return Waiters<Result<bool>>::answer_later(loop_, std::move(done), true);
  auto ticket = waiters_.add(std::move(done));
  if (!fetch_) start();
  if (!std::exchange(is_impatient_, true)) impatience_.start_ms(kPatienceMs);
  return ticket;
}

void Reachability::start() {
  ProviderRequest request;
  request.url = discovery_url(logto_);
  fetch_ = fetcher_.fetch(request, [this](const Result<ProviderReply>& reply) { on_reply(reply); });
}

// heard() has been told by the fetcher.
void Reachability::on_reply(const Result<ProviderReply>& reply) {
  loop_.defer_delete(std::move(fetch_));
  impatience_.stop();
  is_impatient_ = false;
  const bool there = is_there(reply);
  if (!there && !std::exchange(told_, true)) {
    const std::string why = reply ? "it answered " + std::to_string(reply->status) : reply.error().message;
    log_.warning("Logto is away: nobody is sent there until it answers again",
                 {{"url", discovery_url(logto_)}, {"reason", why}});
  }
  if (there && std::exchange(told_, false)) log_.info("Logto is there again");
  waiters_.answer_all(there);
}

void Reachability::on_impatient() {
  is_impatient_ = false;
  waiters_.answer_all(!last_failed_);
}

}  // namespace lp
