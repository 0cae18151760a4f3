#include "auth/refresh/turn.h"

#include <utility>

#include "base/check.h"

namespace lp {
namespace {

// So often in its life: also soon after Redis came back without it.
constexpr int kRenewalsPerLife = 30;

}  // namespace

RefreshTurn::RefreshTurn(EventLoop& loop, RedisClient& redis, RefreshLockKeys keys, std::string owner, Times times,
                         Done done, Terms terms)
    : redis_(redis),
      keys_(std::move(keys)),
      owner_(std::move(owner)),
      times_(times),
      done_(std::move(done)),
      terms_(std::move(terms)),
      again_(loop, [this] { ask(); }),
      deadline_(loop, [this] { is_late_ = true; }),
      renew_(loop, [this] { renew(); }) {
  deadline_.start_ms(times_.deadline_ms);
  ask();
}

void RefreshTurn::ask() {
  asks_for_lock_ = !terms_.may_take || terms_.may_take();
  const std::int64_t ttl_ms = asks_for_lock_ ? times_.lock_ttl_ms : 0;
  const std::string epoch = terms_.epoch ? terms_.epoch() : std::string();
  command_ = redis_.command(acquire_refresh_lock(keys_, owner_, ttl_ms, epoch),
                            [this](const auto& answer) { on_answer(answer); });
}

void RefreshTurn::on_answer(const Result<RedisReply, RedisError>& answer) {
  if (!answer) return end(Failed{Failure::unreachable, answer.error().message});
  const auto judged = judge_acquisition(*answer);
  if (!judged) return end(Failed{Failure::unreachable, judged.error().message});
  if (const auto* held = std::get_if<HeldRefreshLock>(&*judged)) {
    held_ = *held;
    // A life that is shorter than the timer can tell is left to end: renewing it without a pause would flood Redis.
    if (times_.lock_ttl_ms >= kRenewalsPerLife) renew_.start_ms(times_.lock_ttl_ms / kRenewalsPerLife);
    return end(*held);
  }
  if (const auto* successor = std::get_if<RefreshSuccessor>(&*judged)) return end(*successor);
  if (is_late_) return end(Failed{Failure::waited_long, "another replica holds the refresh and gives no result"});
  again_.start_ms(refresh_poll_delay_ms(asked_++));
  if (asks_for_lock_ && terms_.on_held_by_other) terms_.on_held_by_other();
}

// Whether it came through is no matter: the refresh cannot be called back, and the next renewal tries again.
void RefreshTurn::renew() {
  renew_.start_ms(times_.lock_ttl_ms / kRenewalsPerLife);
  renewal_ = redis_.command(renew_refresh_lock(keys_, held_, times_.lock_ttl_ms), [](const auto&) {});
}

void RefreshTurn::end(const Outcome& outcome) {
  deadline_.stop();
  done_(outcome);
}

void RefreshTurn::publish(std::string_view sealed, std::int64_t successor_ttl_ms, Released released) {
  give_back(publish_refresh(keys_, held_, sealed, successor_ttl_ms), std::move(released));
}

void RefreshTurn::release(Released released) { give_back(release_refresh_lock(keys_, held_), std::move(released)); }

void RefreshTurn::give_back(std::vector<std::string> command, Released released) {
  LP_CHECK(!held_.value.empty(), "a lock that is not held is given back");
  held_ = {};
  renew_.stop();
  renewal_.reset();
  command_ = redis_.command(std::move(command), [released = std::move(released)](const auto& answer) {
    if (!answer) return released(answer.error());
    const auto judged = judge_release(*answer);
    if (!judged) return released(RedisError{RedisError::Kind::protocol, judged.error().message});
    released(*judged);
  });
}

}  // namespace lp
