#include "auth/replicas/revocation_stream.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace lp {
namespace {

// The field's name is the version: an entry of another one is left to who understands it.
constexpr std::string_view kField = "r1";

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(number)
                                                                                   : std::nullopt;
}

// key (16 raw bytes) then "before_ms forget_at_s"
std::string encode(const SharedRevocation& revocation) {
  std::string value(reinterpret_cast<const char*>(revocation.key.data()), revocation.key.size());
  return value + std::to_string(revocation.before_ms) + ' ' + std::to_string(revocation.forget_at_s);
}

std::optional<SharedRevocation> decode(std::string_view value) {
  SharedRevocation revocation;
  if (value.size() < revocation.key.size()) return std::nullopt;
  std::memcpy(revocation.key.data(), value.data(), revocation.key.size());
  value.remove_prefix(revocation.key.size());
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto before_ms = parse_number<std::int64_t>(value.substr(0, space));
  const auto forget_at_s = parse_number<std::int64_t>(value.substr(space + 1));
  if (!before_ms || !forget_at_s || *before_ms < 0 || *forget_at_s < 0) return std::nullopt;
  revocation.before_ms = *before_ms;
  revocation.forget_at_s = *forget_at_s;
  return revocation;
}

// An entry is [id, [field, value, ...]].
std::optional<SharedRevocation> revocation_of(const RedisReply& entry) {
  const RedisReply& fields = entry[1];
  if (fields.size() != 2 || fields[0].string() != kField) return std::nullopt;
  return decode(fields[1].string().value_or(""));
}

}  // namespace

std::string RedisStreamId::text() const { return std::to_string(ms) + '-' + std::to_string(sequence); }

std::optional<RedisStreamId> parse_redis_stream_id(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto ms = parse_number<std::uint64_t>(text.substr(0, dash));
  const auto sequence = parse_number<std::uint64_t>(text.substr(dash + 1));
  return ms && sequence ? std::optional(RedisStreamId{*ms, *sequence}) : std::nullopt;
}

std::string revocation_stream_key(std::string_view prefix, std::string_view realm) {
  return std::string(prefix) + ':' + std::string(realm) + ":revocations";
}

std::vector<std::string> add_revocation_command(const std::string& key, const SharedRevocation& revocation,
                                                std::int64_t keep_from_ms) {
  const std::string min_id = std::to_string(std::max<std::int64_t>(keep_from_ms, 0));
  return {"XADD", key, "MINID", "~", min_id, "*", std::string(kField), encode(revocation)};
}

std::vector<std::string> read_revocations_command(const std::string& key, RedisStreamId after, std::int64_t block_ms) {
  std::vector<std::string> argv = {"XREAD", "COUNT", std::to_string(kRevocationsPerRead)};
  if (block_ms > 0) argv.insert(argv.end(), {"BLOCK", std::to_string(block_ms)});
  argv.insert(argv.end(), {"STREAMS", key, after.text()});
  return argv;
}

std::vector<std::string> find_revocation_command(const std::string& key, RedisStreamId id) {
  return {"XRANGE", key, id.text(), id.text()};
}

std::optional<RevocationEntries> parse_revocations(const RedisReply& reply) {
  RevocationEntries found;
  if (reply.is_nil()) return found;
  const RedisReply& entries = reply[0][1];  // [[key, entries]]: one stream was asked for
  if (reply.size() != 1 || entries.kind() != RedisReply::Kind::array) return std::nullopt;
  for (const RedisReply& entry : entries.elements()) {
    const auto id = parse_redis_stream_id(entry[0].string().value_or(""));
    if (!id || *id <= found.last) return std::nullopt;  // without progress we would read it for ever
    found.last = *id;
    ++found.entries;
    if (const auto revocation = revocation_of(entry)) {
      found.revocations.push_back(*revocation);
    } else {
      ++found.unreadable;
    }
  }
  return found;
}

}  // namespace lp
