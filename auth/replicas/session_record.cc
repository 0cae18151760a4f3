#include "auth/replicas/session_record.h"

#include <charconv>

#include "base/check.h"

namespace lp {
namespace {

constexpr std::uint64_t kMaxGeneration = (std::uint64_t{1} << 53) - 1;  // Lua's numbers are exact below

constexpr const char* kSave = R"(
local old = redis.call('HMGET', KEYS[1], 'generation', 'bytes', 'ended')
if old[3] then return 'ended' end
if old[1] then
  local have, new = tonumber(old[1]), tonumber(ARGV[1])
  if have > new or (have == new and old[2] ~= ARGV[2]) then return 'newer' end
end
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'bytes', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 'saved')";

constexpr const char* kRemove = R"(
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'ended', '1')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 'removed')";

Error unexpected() { return fail("Redis answers for a session with something else"); }

}  // namespace

std::string session_record_key(std::string_view prefix, std::string_view realm, std::string_view handle_hash) {
  return std::string(prefix) + ':' + std::string(realm) + ":session:" + std::string(handle_hash);
}

std::vector<std::string> load_session_command(const std::string& key) {
  return {"HMGET", key, "generation", "bytes", "ended"};
}

Result<StoredSession> judge_loaded_session(const RedisReply& reply) {
  if (reply.size() != 3) return unexpected();
  if (!reply[2].is_nil()) return StoredSession{StoredSession::Kind::ended, 0, {}};
  if (reply[0].is_nil() && reply[1].is_nil()) return StoredSession{};
  const auto generation = reply[0].string();
  const auto bytes = reply[1].string();
  if (!generation || !bytes) return unexpected();
  StoredSession found{StoredSession::Kind::found, 0, std::string(*bytes)};
  const char* const end = generation->data() + generation->size();
  const auto parsed = std::from_chars(generation->data(), end, found.generation);
  if (parsed.ec != std::errc() || parsed.ptr != end) return unexpected();
  return found;
}

std::vector<std::string> save_session_command(const std::string& key, std::string_view bytes, std::uint64_t generation,
                                              std::int64_t ttl_ms) {
  LP_CHECK(generation <= kMaxGeneration, "a generation beyond all sessions");
  LP_CHECK(ttl_ms > 0, "a session that is over is saved");
  return {"EVAL", kSave, "1", key, std::to_string(generation), std::string(bytes), std::to_string(ttl_ms)};
}

Result<SessionSaved> judge_saved_session(const RedisReply& reply) {
  if (reply.string() == "saved") return SessionSaved::saved;
  if (reply.string() == "newer") return SessionSaved::newer;
  if (reply.string() == "ended") return SessionSaved::ended;
  return unexpected();
}

std::vector<std::string> remove_session_command(const std::string& key, std::int64_t tombstone_ttl_ms) {
  LP_CHECK(tombstone_ttl_ms > 0, "a tombstone that nobody sees");
  return {"EVAL", kRemove, "1", key, std::to_string(tombstone_ttl_ms)};
}

Result<void> judge_removed_session(const RedisReply& reply) {
  if (reply.string() == "removed") return {};
  return unexpected();
}

}  // namespace lp
