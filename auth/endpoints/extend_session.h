#pragma once
#include "auth/visit/visit.h"

namespace lp {

// POST /_auth/session: a single-page app says that its person is still there. The session idles on from now, its tokens
// are refreshed where they are due, and the answer is that of /_auth/me. Only for scripts of the same origin: another
// site must not keep a forgotten session alive.
[[nodiscard]] Verdict handle_extend_session(const Visit& visit, Waiting waiting);

}  // namespace lp
