#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/oidc/logout_token.h"
#include "auth/realm/realm.h"
#include "auth/session/revocations.h"
#include "auth/session/session.h"

// Ending sessions that live in cookies: a record says that they are over, and every request of theirs meets it.
namespace lp {

// This one session, in whatever cookie it is sealed. Any thread. A person who has ended very many lately ends with it
// those that began before it (auth/session/subject_records.h): one record for all of them.
void end_session(Realm& realm, const Session& session);
// All sessions of a user, or of one session at Logto, that were signed in until now. Any thread. True if that ends more
// than was ended before. `said_at_ms`: when Logto said so, by its own clock. Who signed in later than that stays in,
// however late the message came; a minute is left for clocks that differ.
bool end_sessions(Realm& realm, RevocationKind kind, std::string_view value,
                  std::optional<std::int64_t> said_at_ms = std::nullopt);
// What a logout token names: the one session of its sid, without one all sessions of its sub (Back-Channel Logout 2.7),
// and these too where that person has had very many ended lately.
bool end_sessions(Realm& realm, const LogoutToken& token);

}  // namespace lp
