#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/journal_records.h"

// What is remembered of an ended session, and its form in the journal. Pure.
namespace lp {

using RevocationKey = std::array<std::uint8_t, 16>;

// Sessions of this key that were signed in before `before_ms` (Unix time) are over.
struct Revocation {
  RevocationKey key{};           // revocation_key()
  std::int64_t before_ms = 0;    // exclusive: a sign-in in that very millisecond is newer
  std::int64_t forget_at_s = 0;  // Unix time: the longest-lived cookie that it could concern is dead by then
  bool operator==(const Revocation&) const = default;
};

// One session by our own id, a session at Logto (the `sid` claim), a person (the `sub` claim), or one session in a
// store by the name of its record, which is all that is known of it while the store is away. Two kinds end nothing:
// that a message of Logto came is remembered in the same way, for the same process and all others; and a person whose
// next sign-in must prove that they are there again (auth/session/proof.h).
enum class RevocationKind : std::uint8_t { session = 1, sid = 2, sub = 3, record = 4, message = 5, proof = 6 };

// SHA-256 over kind, realm and value, cut to 16 bytes: the records name nobody in the clear, though who can guess a
// value can look for it. The same on every replica. `value` must not be empty.
[[nodiscard]] RevocationKey revocation_key(RevocationKind kind, std::string_view realm, std::string_view value);

// All that can end one session; made once when it is opened.
struct RevocationKeys {
  RevocationKey session{};
  RevocationKey sub{};
  RevocationKey sid{};
  RevocationKey record{};
  bool has_sid = false;
  bool has_record = false;
};
// `sid` may be empty: Logto gave none. So may `record`: the session is in no store (else session_handle_hash()).
[[nodiscard]] RevocationKeys revocation_keys(std::string_view realm, std::string_view session_id, std::string_view sid,
                                             std::string_view sub, std::string_view record = {});

// Every session signed in before `before_ms` counts as over (auth/session/revocations.h: what happens when memory is
// full).
struct RevocationFloor {
  std::int64_t before_ms = 0;
  bool operator==(const RevocationFloor&) const = default;
};

inline constexpr JournalFormat kRevocationJournal{"LPREVOKE", 1};

using RevocationRecord = std::variant<Revocation, RevocationFloor>;
[[nodiscard]] std::string encode_revocation_record(const RevocationRecord& record);
// nullopt for what no encode_revocation_record() of this version made.
[[nodiscard]] std::optional<RevocationRecord> decode_revocation_record(std::string_view bytes);

}  // namespace lp
