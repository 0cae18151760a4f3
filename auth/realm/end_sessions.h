#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/oidc/logout_token.h"
#include "auth/realm/realm.h"
#include "auth/session/proof.h"
#include "auth/session/revocations.h"
#include "auth/session/session.h"
#include "base/secret.h"

// Ending sessions that live in cookies: a record says that they are over, and every request of theirs meets it.
namespace lp {

// This one session, in whatever cookie it is sealed. Any thread. A person who has ended very many lately ends with it
// those that began before it (auth/session/subject_records.h): one record for all of them.
void end_session(Realm& realm, const Session& session);
// The same for a session in a store of which no more is known than what its cookie holds. Whose it was is read when the
// store is there again, before the record goes: their next sign-in proves that they are there.
void end_unknown_session(Realm& realm, const Secret& store_handle);
// All sessions of a user, or of one session at Logto, that were signed in until now. Any thread. True if that ends more
// than was ended before. `said_at_ms`: when Logto said so, by its own clock. Who signed in later than that stays in,
// however late the message came; kClockAllowanceMs is left for clocks that differ and for times in whole seconds.
bool end_sessions(Realm& realm, RevocationKind kind, std::string_view value,
                  std::optional<std::int64_t> said_at_ms = std::nullopt);
// What a logout token names: the one session of its sid, without one all sessions of its sub (Back-Channel Logout 2.7),
// and these too where that person has had very many ended lately.
bool end_sessions(Realm& realm, const LogoutToken& token);

// True once for each message of Logto among all processes that share what ended, and over restarts where there is a
// journal. `id` names the message among all of them; `remember_until_s`: no copy of it is accepted later. Any thread.
// `sub`: whom it is about, or empty. Of a person about whom very many came lately no more are remembered: a repeated
// one ends once more what began before it (end_sessions(), said_at_ms), and nobody else's record makes room for it.
[[nodiscard]] bool is_first_delivery(Realm& realm, std::string_view id, std::string_view sub,
                                     std::int64_t remember_until_s);
// Ends nothing here: the next sign-in of this person proves that they are there again. For a sign-out that could not
// end Logto's own session. Any thread.
void demand_proof(Realm& realm, std::string_view sub);
// Since when a sign-in that yields this session, or follows its end, must have proved it, by all that has ended; 0: it
// need not. The ends of all of a person's sessions count to the millisecond, without kClockAllowanceMs.
[[nodiscard]] std::int64_t proof_needed_since_ms(const Realm& realm, const Session& session);

}  // namespace lp
