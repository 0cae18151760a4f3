#pragma once
#include "auth/gate/refresh_first.h"
#include "auth/visit/load_first.h"
#include "auth/visit/visit.h"

// The tokens that an app gets with a request, on a worker's side: what is kept is found by one look-up, what is not is
// fetched by a refresh while the request waits.
namespace lp {

[[nodiscard]] bool needs_tokens(const RouteSettings& route, const Settings& settings);

// Judges with Visit::tokens filled, where the session holds what it takes; else with Visit::cannot_have_tokens. 403
// where Logto refuses the token, 503 where it cannot be asked; on an optional route one passes without instead of 403.
// Only for a visit that is signed in, on a route that needs tokens. `background` must outlive the wait.
[[nodiscard]] Verdict tokens_first(const Visit& visit, BackgroundRefreshes& background, JudgeVisit judge,
                                   Waiting waiting);

}  // namespace lp
