#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "auth/refresh_lock.h"
#include "base/event.h"
#include "base/redis_client.h"

namespace lp {

// One replica's part in a refresh that several may want at once: ask until there is a successor or the turn is ours; in
// the second case refresh at Logto, then publish() or release(). Auth thread. Dropping it cancels; a lock that it held
// then stands until it expires, which is why its life should be little more than that of a call to Logto.
class RefreshTurn {
 public:
  struct Times {
    std::int64_t lock_ttl_ms = 20'000;
    std::int64_t deadline_ms = 20'000;  // how long to wait for another holder
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
  RefreshTurn(EventLoop& loop, RedisClient& redis, RefreshLockKeys keys, std::string owner, Times times, Done done);
  RefreshTurn(const RefreshTurn&) = delete;
  RefreshTurn& operator=(const RefreshTurn&) = delete;

  // Once, after an outcome of HeldRefreshLock. The answer is false if the lock was lost to another, who is the one to
  // be believed. What is published may also be a failure, sealed, with a short life, so that waiters don't repeat it.
  using Released = std::function<void(const Result<bool, RedisError>&)>;
  void publish(std::string_view sealed, std::int64_t successor_ttl_ms, Released released);
  void release(Released released);

 private:
  void ask();
  void on_answer(const Result<RedisReply, RedisError>& answer);
  void end(const Outcome& outcome);
  void give_back(std::vector<std::string> command, Released released);

  RedisClient& redis_;
  const RefreshLockKeys keys_;
  const std::string owner_;
  const Times times_;
  const Done done_;
  int asked_ = 0;
  bool is_late_ = false;
  HeldRefreshLock held_;  // empty: not ours
  std::unique_ptr<RedisClient::Handle> command_;
  Timer again_, deadline_;
};

}  // namespace lp
