#pragma once
#include <memory>
#include <string>

#include "auth/realm/stored_sessions.h"
#include "auth/replicas/redis_session_store.h"
#include "base/log.h"

namespace lp {

// The store of sessions in Redis as workers see it: they post a question to the auth thread, where the connection is.
// What is saved or removed later and Redis does not take is kept, the newest of each record, and told when it is back.
class RedisSessions final : public StoredSessions {
 public:
  // `auth_loop` is the auth thread's; it must outlive this, and this its questions. Destroyed once that loop has
  // stopped.
  RedisSessions(EventLoop& auth_loop, Log& log, std::string prefix, std::string realm);
  ~RedisSessions() override;

  // Auth thread, before the first question gets there. `redis` must outlive this.
  void connect(RedisClient& redis);

  [[nodiscard]] std::unique_ptr<Question> load(EventLoop& asking, std::string handle_hash, Loaded answer) override;
  [[nodiscard]] std::unique_ptr<Question> save(EventLoop& asking, SessionToStore session, Saved answer) override;
  void save_later(SessionToStore session) override;
  void remove_later(std::string handle_hash, std::int64_t tombstone_ttl_ms, LastSeen last_seen) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lp
