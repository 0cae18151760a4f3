#include "auth/session/revocation_record.h"

#include <cstring>
#include <tuple>

#include "base/crypto.h"

namespace lp {
namespace {

constexpr char kRevocationTag = 'r';
constexpr char kFloorTag = 'f';
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kKeyBytes = std::tuple_size_v<RevocationKey>;
constexpr std::size_t kRevocationBytes = 1 + kKeyBytes + 2 * kNumberBytes;
constexpr std::size_t kFloorBytes = 1 + kNumberBytes;

void append_number(std::string& out, std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>((bits >> shift) & 0xff);
}

std::int64_t number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < kNumberBytes; ++i) {
    bits |= std::uint64_t{static_cast<std::uint8_t>(bytes[at + i])} << (8 * i);
  }
  return static_cast<std::int64_t>(bits);
}

std::string encode(const Revocation& revocation) {
  std::string out(1, kRevocationTag);
  out.reserve(kRevocationBytes);
  out.append(reinterpret_cast<const char*>(revocation.key.data()), kKeyBytes);
  append_number(out, revocation.before_ms);
  append_number(out, revocation.forget_at_s);
  return out;
}

std::string encode(const RevocationFloor& floor) {
  std::string out(1, kFloorTag);
  append_number(out, floor.before_ms);
  return out;
}

}  // namespace

RevocationKey revocation_key(RevocationKind kind, std::string_view realm, std::string_view value) {
  std::string text = "logto-proxy revocation";
  text += static_cast<char>(kind);
  append_number(text, static_cast<std::int64_t>(realm.size()));  // else ("ab", "c") would be ("a", "bc")
  text += realm;
  text += value;
  RevocationKey key{};
  std::memcpy(key.data(), sha256(text).data(), key.size());
  return key;
}

RevocationKeys revocation_keys(std::string_view realm, std::string_view session_id, std::string_view sid,
                               std::string_view sub, std::string_view record) {
  RevocationKeys keys;
  keys.session = revocation_key(RevocationKind::session, realm, session_id);
  keys.sub = revocation_key(RevocationKind::sub, realm, sub);
  keys.has_sid = !sid.empty();
  if (keys.has_sid) keys.sid = revocation_key(RevocationKind::sid, realm, sid);
  keys.has_record = !record.empty();
  if (keys.has_record) keys.record = revocation_key(RevocationKind::record, realm, record);
  return keys;
}

std::string encode_revocation_record(const RevocationRecord& record) {
  return std::visit([](const auto& what) { return encode(what); }, record);
}

std::optional<RevocationRecord> decode_revocation_record(std::string_view bytes) {
  if (bytes.size() == kRevocationBytes && bytes.front() == kRevocationTag) {
    Revocation revocation;
    std::memcpy(revocation.key.data(), bytes.data() + 1, kKeyBytes);
    revocation.before_ms = number_at(bytes, 1 + kKeyBytes);
    revocation.forget_at_s = number_at(bytes, 1 + kKeyBytes + kNumberBytes);
    return revocation;
  }
  if (bytes.size() == kFloorBytes && bytes.front() == kFloorTag) return RevocationFloor{number_at(bytes, 1)};
  return std::nullopt;
}

}  // namespace lp
