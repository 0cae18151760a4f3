#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "auth/replicas/session_record.h"
#include "base/redis_client.h"

namespace lp {

// Sealed sessions (auth/session/session_handle.h) in Redis. Auth thread. An error says that the store gives no answer
// now, in words for the log; it never means that the session is over. After a failed save or remove nobody knows
// whether it was done: both may be repeated.
class RedisSessionStore {
 public:
  // `redis` must outlive this.
  RedisSessionStore(RedisClient& redis, std::string prefix, std::string realm);

  using Handle = std::unique_ptr<RedisClient::Handle>;  // dropping it cancels the answer
  template <class Answer>
  using Done = std::function<void(const Result<Answer>&)>;

  // `handle_hash`: session_handle_hash(). `done` runs once, later on the loop.
  [[nodiscard]] Handle load(std::string_view handle_hash, Done<StoredSession> done);
  [[nodiscard]] Handle save(std::string_view handle_hash, std::string_view sealed, std::uint64_t generation,
                            std::int64_t ttl_ms, Done<SessionSaved> done);
  [[nodiscard]] Handle remove(std::string_view handle_hash, std::int64_t tombstone_ttl_ms, Done<void> done);

 private:
  [[nodiscard]] std::string key_of(std::string_view handle_hash) const;
  template <class Answer>
  Handle ask(std::vector<std::string> command, Result<Answer> (*judge)(const RedisReply&), Done<Answer> done);

  RedisClient& redis_;
  const std::string prefix_, realm_;
};

}  // namespace lp
