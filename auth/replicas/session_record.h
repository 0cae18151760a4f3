#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/redis_reply.h"
#include "base/result.h"

// A stored session in Redis: the commands, and what their replies say. Pure; auth/replicas/redis_session_store.h
// carries them out.
//
// A record is a hash of generation and bytes, or a tombstone, which says that the session was ended: a slow writer must
// not bring it back. Records and tombstones expire by themselves.
namespace lp {

[[nodiscard]] std::string session_record_key(std::string_view prefix, std::string_view realm,
                                             std::string_view handle_hash);

struct StoredSession {
  enum class Kind { found, missing, ended };
  Kind kind = Kind::missing;     // missing: expired, or never there, or Redis lost it
  std::uint64_t generation = 0;  // found
  std::string bytes;             // found; sealed
};
[[nodiscard]] std::vector<std::string> load_session_command(const std::string& key);
[[nodiscard]] Result<StoredSession> judge_loaded_session(const RedisReply& reply);

enum class SessionSaved {
  saved,
  newer,  // there is a higher generation, or another record of this one: load it, and begin from that
  ended,  // the session was removed
};
// The same bytes may be saved twice. `generation` is below 2^53.
[[nodiscard]] std::vector<std::string> save_session_command(const std::string& key, std::string_view bytes,
                                                            std::uint64_t generation, std::int64_t ttl_ms);
[[nodiscard]] Result<SessionSaved> judge_saved_session(const RedisReply& reply);

// `tombstone_ttl_ms`: as long as a writer could still hold the session.
[[nodiscard]] std::vector<std::string> remove_session_command(const std::string& key, std::int64_t tombstone_ttl_ms);
[[nodiscard]] Result<void> judge_removed_session(const RedisReply& reply);

}  // namespace lp
