#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/cookies/sealed_cookie.h"
#include "auth/session/refreshed.h"
#include "base/journal_records.h"

// What became of a refresh token, in the forms in which it leaves the process: sealed for the other replicas, and a
// record of a journal. Pure.
namespace lp {

// An outcome that is good, or says that the session ended; nothing else is worth telling. `key`: refresh_key() of the
// token that was used; what is sealed for one token does not open for another.
[[nodiscard]] std::string seal_refresh(const CookieSealer& sealer, std::string_view key, const RefreshOutcome& outcome,
                                       std::string_view nonce);
// nullopt: sealed under a secret that is not in the ring, for another token, or by another version.
[[nodiscard]] std::optional<RefreshOutcome> open_refresh(const CookieSealer& sealer, std::string_view key,
                                                         std::string_view sealed);

struct RefreshRecord {
  std::string key;                // refresh_key(), kRefreshKeyBytes
  std::int64_t keep_until_s = 0;  // Unix time
  std::string sealed;             // seal_refresh()
  bool operator==(const RefreshRecord&) const = default;
};
inline constexpr std::size_t kRefreshKeyBytes = 32;
inline constexpr JournalFormat kRefreshJournal{"LPREFRSH", 1};

// key || keep_until_s, 8 bytes little-endian || sealed
[[nodiscard]] std::string encode_refresh_record(const RefreshRecord& record);
[[nodiscard]] std::optional<RefreshRecord> decode_refresh_record(std::string_view bytes);

}  // namespace lp
