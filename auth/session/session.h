#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/jose/json_object.h"
#include "auth/session/kept_claims.h"
#include "base/result.h"
#include "base/secret.h"
#include "config/settings.h"

// The session as a value, and what of it lives how long. Pure.
namespace lp {

inline constexpr std::size_t kSessionIdBytes = 16;

struct Session {
  std::string id;  // random, made at sign-in, the same over its whole life: what a sign-out ends
  std::string sub;
  std::string sid;                      // empty unless the app at Logto requires it (Logto fact 2)
  JsonObject claims;                    // only those that rules and headers need, plus how pages call the person
  Secret refresh_token;                 // empty: none came
  Secret store_handle;                  // sessions in a store: what its cookie holds; not a part of the record
  std::string nonce_hash;               // of the sign-in, for the ID tokens of refreshes (OIDC Core 12.2)
  std::int64_t signed_in_at_ms = 0;     // when the callback came; never changes
  std::int64_t tokens_expire_at_s = 0;  // what Logto said of the tokens behind it; means nothing without refresh_token
  std::int64_t validated_at_s = 0;      // when Logto last vouched for it
  std::int64_t authenticated_at_s = 0;  // when the person last proved who they are; 0: Logto did not say
  std::int64_t sealed_at_s = 0;         // when this cookie was written
  std::uint64_t generation = 0;         // grows with each write; an older one never overwrites a newer one
};

// CBOR, with a version number first. Decoding judges every type and refuses what is not exactly of this form, deeper
// than 40 levels or longer than kMaxSessionBytes.
inline constexpr std::size_t kMaxSessionBytes = 16 * 1024;
[[nodiscard]] std::string encode_session(const Session& session);
[[nodiscard]] Result<Session> decode_session(std::string_view bytes);

// The moments that settings and tokens give a session. Each is reached exactly at its second.
struct SessionTimes {
  std::int64_t reseal_at_s = 0;    // the cookie is worth writing again, so that use keeps it from idling out: at most
                                   // min(idle_timeout / 10, 5 minutes) after the last time
  std::int64_t refresh_at_s = 0;   // early enough that a refresh needs no request to wait; only with a refresh token
  std::int64_t unproven_at_s = 0;  // from here on Logto must vouch for it before anybody passes, or, without a refresh
                                   // token, is asked silently by the next navigation
  std::int64_t tokens_end_at_s = 0;  // and from here on nothing in hand lives while Logto cannot be asked
  std::int64_t idle_at_s = 0;        // nobody used it
  std::int64_t ends_at_s = 0;        // the end that no activity moves
};
[[nodiscard]] SessionTimes session_times(const Session& session, const Settings& settings);

enum class SessionAge { fresh, due_for_reseal, due_for_revalidation, due_for_refresh, must_refresh, expired };
[[nodiscard]] SessionAge session_age(const Session& session, const Settings& settings, std::int64_t now_s);
// Whether the cookie should be written again, also while a revalidation is due: requests that cannot start one keep
// the session from idling out all the same.
[[nodiscard]] bool wants_reseal(const Session& session, const Settings& settings, std::int64_t now_s);
// The moment from which the two above no longer say what they say now; lets a cache keep the verdict until then.
[[nodiscard]] std::int64_t age_valid_until_s(const Session& session, const Settings& settings, std::int64_t now_s);
// The end that no activity moves.
[[nodiscard]] std::int64_t session_ends_at_s(const Session& session, const SessionSettings& settings);

}  // namespace lp
