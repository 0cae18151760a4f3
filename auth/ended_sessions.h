#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/realm.h"
#include "auth/revocations.h"
#include "auth/session.h"

// Ending sessions that live in cookies: a record says that they are over, and every request of theirs meets it.
namespace lp {

// This one session, in whatever cookie it is sealed. Any thread.
void end_session(Realm& realm, const Session& session);
// All sessions of a user, or of one session at Logto, that were signed in until now. Any thread. True if that ends more
// than was ended before.
bool end_sessions(Realm& realm, RevocationKind kind, std::string_view value);

}  // namespace lp
