#pragma once
#include <cstdint>

#include "auth/session/session.h"
#include "config/settings.h"

// What of a session lives how long, and what is due when: writing it again, a refresh, asking Logto, its end. Pure.
namespace lp {

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
// For how long a cookie that was written again is good enough for who still sends the old one: a fifth of what it takes
// until writing is worth while, at most a minute.
[[nodiscard]] std::int64_t renewed_for_s(const Settings& settings);
// The end that no activity moves.
[[nodiscard]] std::int64_t session_ends_at_s(const Session& session, const SessionSettings& settings);

}  // namespace lp
