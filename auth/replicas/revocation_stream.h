#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/redis_reply.h"

// Revocations as entries of one Redis stream per realm: the commands, and what their replies say. Pure. An entry can
// only end sessions, so entries are not signed: who may write to this Redis may end sessions, and no more.
namespace lp {

struct SharedRevocation {
  std::array<std::uint8_t, 16> key{};
  std::int64_t before_ms = 0;    // Unix time
  std::int64_t forget_at_s = 0;  // Unix time
  bool operator==(const SharedRevocation&) const = default;
};

// Of an entry: "milliseconds-sequence", growing within one stream.
struct RedisStreamId {
  std::uint64_t ms = 0;
  std::uint64_t sequence = 0;
  auto operator<=>(const RedisStreamId&) const = default;
  [[nodiscard]] bool is_start() const { return ms == 0 && sequence == 0; }  // before all entries
  [[nodiscard]] std::string text() const;
};
[[nodiscard]] std::optional<RedisStreamId> parse_redis_stream_id(std::string_view text);

[[nodiscard]] std::string revocation_stream_key(std::string_view prefix, std::string_view realm);

inline constexpr std::size_t kRevocationsPerRead = 1'000;
// XADD; entries older than `keep_from_ms` are trimmed (MINID: Redis 6.2 or newer, or Valkey).
[[nodiscard]] std::vector<std::string> add_revocation_command(const std::string& key,
                                                              const SharedRevocation& revocation,
                                                              std::int64_t keep_from_ms);
// XREAD of what comes after `after`, at most kRevocationsPerRead; block_ms 0: at once.
[[nodiscard]] std::vector<std::string> read_revocations_command(const std::string& key, RedisStreamId after,
                                                                std::int64_t block_ms);
// XRANGE of that one entry. Where it is gone, so may others be that came before it.
[[nodiscard]] std::vector<std::string> find_revocation_command(const std::string& key, RedisStreamId id);

struct RevocationEntries {
  std::vector<SharedRevocation> revocations;
  std::size_t entries = 0;     // with those that can't be read
  std::size_t unreadable = 0;  // of another version, or of somebody else
  RedisStreamId last;          // of the last entry; is_start(): there was none
};
// The reply of XREAD; nullopt: of no form that XREAD has.
[[nodiscard]] std::optional<RevocationEntries> parse_revocations(const RedisReply& reply);

}  // namespace lp
