#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/session/stored_session.h"
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

[[nodiscard]] std::vector<std::string> load_session_command(const std::string& key);
[[nodiscard]] Result<StoredSession> judge_loaded_session(const RedisReply& reply);

// The same bytes may be saved twice. `generation` is below 2^53.
[[nodiscard]] std::vector<std::string> save_session_command(const std::string& key, std::string_view bytes,
                                                            std::uint64_t generation, std::int64_t ttl_ms);
[[nodiscard]] Result<SessionSaved> judge_saved_session(const RedisReply& reply);

// `tombstone_ttl_ms`: as long as a writer could still hold the session.
[[nodiscard]] std::vector<std::string> remove_session_command(const std::string& key, std::int64_t tombstone_ttl_ms);
[[nodiscard]] Result<void> judge_removed_session(const RedisReply& reply);

}  // namespace lp
