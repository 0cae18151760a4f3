#include "auth/refresh_turn.h"

#include <utility>

#include "base/check.h"

namespace lp {

RefreshTurn::RefreshTurn(EventLoop& loop, RedisClient& redis, RefreshLockKeys keys, std::string owner, Times times,
                         Done done)
    : redis_(redis),
      keys_(std::move(keys)),
      owner_(std::move(owner)),
      times_(times),
      done_(std::move(done)),
      again_(loop, [this] { ask(); }),
      deadline_(loop, [this] { is_late_ = true; }) {
  deadline_.start_ms(times_.deadline_ms);
  ask();
}

void RefreshTurn::ask() {
  command_ = redis_.command(acquire_refresh_lock(keys_, owner_, times_.lock_ttl_ms),
                            [this](const auto& answer) { on_answer(answer); });
}

void RefreshTurn::on_answer(const Result<RedisReply, RedisError>& answer) {
  if (!answer) return end(Failed{Failure::unreachable, answer.error().message});
  const auto judged = judge_acquisition(*answer);
  if (!judged) return end(Failed{Failure::unreachable, judged.error().message});
  if (const auto* held = std::get_if<HeldRefreshLock>(&*judged)) {
    held_ = *held;
    return end(*held);
  }
  if (const auto* successor = std::get_if<RefreshSuccessor>(&*judged)) return end(*successor);
  if (is_late_) return end(Failed{Failure::waited_long, "another replica holds the refresh and gives no result"});
  again_.start_ms(refresh_poll_delay_ms(asked_++));
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
  command_ = redis_.command(std::move(command), [released = std::move(released)](const auto& answer) {
    if (!answer) return released(answer.error());
    const auto judged = judge_release(*answer);
    if (!judged) return released(RedisError{RedisError::Kind::protocol, judged.error().message});
    released(*judged);
  });
}

}  // namespace lp
