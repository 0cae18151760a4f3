#pragma once
#include "auth/visit/visit.h"

namespace lp {

// POST {prefix}/backchannel-logout (Back-Channel Logout 1.0, 2.5, 2.7, 2.8): Logto says that a session, or all sessions
// of a person, are over. 200 also when they were over before: our own sign-out makes Logto call us. 400 for a token
// that breaks a rule, 503 when its key can't be had.
[[nodiscard]] Verdict handle_backchannel_logout(const Visit& visit, Waiting waiting);

}  // namespace lp
