#pragma once
#include "auth/visit/visit.h"

// /_auth/callback: a browser comes back from Logto.
namespace lp {

// In this order, and no network before the third: the response is well-formed; its pending cookie is there, else it is
// stale or forged; the code is exchanged (one flight per state in the process); the session is sealed, the pending
// cookie cleared, and the browser sent to the vetted target.
[[nodiscard]] Verdict handle_callback(const Visit& visit, Waiting waiting);

}  // namespace lp
