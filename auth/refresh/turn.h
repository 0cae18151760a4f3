#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "auth/refresh/lock.h"
#include "base/event.h"
#include "base/redis_client.h"

namespace lp {

// One replica's part in a refresh that several may want at once: ask until there is a successor or the turn is ours; in
// the second case refresh at Logto, then publish() or release(). A lock that is held is renewed until then. Auth
// thread. Dropping it cancels; a lock that it held then stands until it expires, since Logto may have spent the token.
class RefreshTurn {
 public:
  struct Times {
    // Longer than anybody waits for it: a holder that Redis has lost sight of may have spent the token, and whoever
    // sends it once more ends the session. It tells what became of it when Redis is back.
    std::int64_t lock_ttl_ms = 60'000;
    std::int64_t deadline_ms = 20'000;  // how long to wait for another holder
  };
  // What lies between the turn and Redis; all may be empty.
  struct Terms {
    std::function<bool()> may_take;          // asked each time: false, and only a successor is looked for
    std::function<std::string()> epoch;      // asked each time: the lock is free only in this one
    std::function<void()> on_held_by_other;  // each time that the lock was asked for and may be long in coming
  };
  enum class Failure {
    unreachable,  // nobody knows who refreshes
    waited_long,  // another holds the lock and gave no result
  };
  struct Failed {
    Failure failure = Failure::unreachable;
    std::string reason;
  };
  using Outcome = std::variant<HeldRefreshLock, RefreshSuccessor, Failed>;
  using Done = std::function<void(const Outcome&)>;

  // `done` runs once, later on the loop; this must not be destroyed inside it. `loop` and `redis` must outlive this.
  RefreshTurn(EventLoop& loop, RedisClient& redis, RefreshLockKeys keys, std::string owner, Times times, Done done,
              Terms terms = {});
  RefreshTurn(const RefreshTurn&) = delete;
  RefreshTurn& operator=(const RefreshTurn&) = delete;

  // Once, after an outcome of HeldRefreshLock. The answer is false if the lock was lost to another, who is the one to
  // be believed. What is published may also be a failure, sealed, with a short life, so that waiters don't repeat it.
  using Released = std::function<void(const Result<bool, RedisError>&)>;
  void publish(std::string_view sealed, std::int64_t successor_ttl_ms, Released released);
  void release(Released released);

 private:
  void ask();
  void renew();
  void on_answer(const Result<RedisReply, RedisError>& answer);
  void end(const Outcome& outcome);
  void give_back(std::vector<std::string> command, Released released);

  RedisClient& redis_;
  const RefreshLockKeys keys_;
  const std::string owner_;
  const Times times_;
  const Done done_;
  const Terms terms_;
  int asked_ = 0;
  bool is_late_ = false;
  bool asks_for_lock_ = false;
  HeldRefreshLock held_;  // empty: not ours
  std::unique_ptr<RedisClient::Handle> command_;
  std::unique_ptr<RedisClient::Handle> renewal_;
  Timer again_, deadline_, renew_;
};

}  // namespace lp
