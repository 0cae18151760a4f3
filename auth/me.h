#pragma once
#include "auth/visit.h"

namespace lp {

// /_auth/me: who is signed in, as JSON for the app's own scripts: the claims in the session and its times, never a
// token (attacks.md O33), nothing for other origins (K06). 401 when signed out.
[[nodiscard]] Verdict handle_me(const Visit& visit, Waiting waiting);

}  // namespace lp
