#pragma once
#include <nlohmann/json_fwd.hpp>

#include "auth/visit/visit.h"

namespace lp {

// /_auth/me: who is signed in, as JSON for the app's own scripts: the claims in the session and its times, never a
// token (threat O33), nothing for other origins (threat K06). 401 when signed out.
// session_ends_at is the end that no use moves, session_idle_at the one that comes without any.
[[nodiscard]] Verdict handle_me(const Visit& visit, Waiting waiting);

// What it says of a session.
[[nodiscard]] nlohmann::ordered_json me_json(const Session& session, const Settings& settings);

}  // namespace lp
