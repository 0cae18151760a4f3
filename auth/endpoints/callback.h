#pragma once
#include "auth/visit/visit.h"

// /_auth/callback: a browser comes back from Logto.
namespace lp {

// In this order, and no code is sent before the third: the response is well-formed; its pending cookie is there, else
// it is stale or forged; the code is exchanged (one flight per state in the process); the session is sealed or stored,
// the pending cookie cleared, and the browser sent to the vetted target. A session that the browser has in a store has
// been loaded before.
[[nodiscard]] Verdict handle_callback(const Visit& visit, Waiting waiting);

}  // namespace lp
