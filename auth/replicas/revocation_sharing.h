#pragma once
#include <functional>
#include <utility>

#include "auth/realm/realm.h"
#include "auth/replicas/redis_link.h"
#include "auth/replicas/shared_revocations.h"
#include "base/event.h"

namespace lp {

// A realm's revocations and those of the other replicas become one: what is learnt here is told, what is told is
// learnt, and the realm's store_health says since when that has been so. Auth thread.
class RevocationSharing {
 public:
  // All must outlive it.
  RevocationSharing(EventLoop& loop, RedisLink& redis, Realm& realm);

  // What Revocations::set_listener() heard, on whatever thread, brought to this one by the caller.
  void publish(const Revocation& revocation);
  // See SharedRevocations.
  void when_heard(std::function<void()> heard) { shared_.when_heard(std::move(heard)); }
  void when_told(std::function<void(bool)> told) { shared_.when_told(std::move(told)); }
  void replace_password(Secret password) { shared_.replace_password(std::move(password)); }

 private:
  Realm& realm_;
  SharedRevocations shared_;
};

}  // namespace lp
