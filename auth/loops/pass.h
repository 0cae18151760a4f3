#pragma once
#include "auth/visit/visit.h"

namespace lp {

// On to the app, with the session in hand; its cookie is written again when it is time. The one verdict that shows that
// no loop is under way: it deletes the marker.
[[nodiscard]] Verdict pass_verdict(const Visit& visit);

}  // namespace lp
