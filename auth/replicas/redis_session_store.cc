#include "auth/replicas/redis_session_store.h"

#include <utility>

namespace lp {

RedisSessionStore::RedisSessionStore(RedisClient& redis, std::string prefix, std::string realm)
    : redis_(redis), prefix_(std::move(prefix)), realm_(std::move(realm)) {}

std::string RedisSessionStore::key_of(std::string_view handle_hash) const {
  return session_record_key(prefix_, realm_, handle_hash);
}

template <class Answer>
RedisSessionStore::Handle RedisSessionStore::ask(std::vector<std::string> command,
                                                 Result<Answer> (*judge)(const RedisReply&), Done<Answer> done) {
  return redis_.command(std::move(command),
                        [judge, done = std::move(done)](const Result<RedisReply, RedisError>& reply) {
                          done(reply ? judge(*reply) : Result<Answer>(fail(reply.error().message)));
                        });
}

RedisSessionStore::Handle RedisSessionStore::load(std::string_view handle_hash, Done<StoredSession> done) {
  return ask(load_session_command(key_of(handle_hash)), &judge_loaded_session, std::move(done));
}

RedisSessionStore::Handle RedisSessionStore::save(std::string_view handle_hash, std::string_view sealed,
                                                  std::uint64_t generation, std::int64_t ttl_ms,
                                                  Done<SessionSaved> done) {
  return ask(save_session_command(key_of(handle_hash), sealed, generation, ttl_ms), &judge_saved_session,
             std::move(done));
}

RedisSessionStore::Handle RedisSessionStore::remove(std::string_view handle_hash, std::int64_t tombstone_ttl_ms,
                                                    Done<void> done) {
  return ask(remove_session_command(key_of(handle_hash), tombstone_ttl_ms), &judge_removed_session, std::move(done));
}

}  // namespace lp
