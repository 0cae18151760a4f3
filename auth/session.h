#pragma once
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "auth/kept_claims.h"
#include "base/result.h"
#include "base/secret.h"
#include "config/settings.h"

// The session as a value, and what of it lives how long. Pure.
namespace lp {

struct Session {
  std::string sub;
  std::string sid;  // empty unless the app at Logto requires it (fact 2)
  nlohmann::json claims =
      nlohmann::json::object();     // only those that rules and headers need, plus how pages call the person
  Secret refresh_token;             // empty: none came
  std::int64_t signed_in_at_s = 0;  // never changes over the life of a session
  std::int64_t validated_at_s = 0;  // when Logto last vouched for it
  std::int64_t sealed_at_s = 0;     // when this cookie was written
  std::uint64_t generation = 0;     // grows with each write; an older one never overwrites a newer one
};

// CBOR, with a version number first. Decoding judges every type and refuses what is not exactly of this form, deeper
// than 40 levels or longer than kMaxSessionBytes.
inline constexpr std::size_t kMaxSessionBytes = 16 * 1024;
[[nodiscard]] std::string encode_session(const Session& session);
[[nodiscard]] Result<Session> decode_session(std::string_view bytes);

// Idle and absolute lifetime (expired exactly at the limit). Idle time counts from sealed_at, which moves only when
// the cookie is written again: at most min(idle_timeout / 10, 5 minutes) behind the last request.
enum class SessionAge { fresh, due_for_reseal, due_for_revalidation, expired };
[[nodiscard]] SessionAge session_age(const Session& session, const SessionSettings& settings, std::int64_t now_s);
// Whether the cookie should be written again, also while a revalidation is due: requests that cannot start one keep
// the session from idling out all the same.
[[nodiscard]] bool wants_reseal(const Session& session, const SessionSettings& settings, std::int64_t now_s);
// The moment from which the two above no longer say what they say now; lets a cache keep the verdict until then.
[[nodiscard]] std::int64_t age_valid_until_s(const Session& session, const SessionSettings& settings,
                                             std::int64_t now_s);
// The end that no activity moves.
[[nodiscard]] std::int64_t session_ends_at_s(const Session& session, const SessionSettings& settings);

}  // namespace lp
