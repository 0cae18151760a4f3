#pragma once
#include "auth/visit/visit.h"

namespace lp {

// The public keys of assertions: the same for everybody, and to be kept for five minutes.
[[nodiscard]] Verdict handle_jwks(const Visit& visit, Waiting waiting);

}  // namespace lp
