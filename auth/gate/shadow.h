#pragma once
#include "auth/rules/decision.h"
#include "auth/visit/visit.h"

namespace lp {

// `routes[].shadow`: everybody passes as on a route with access: optional, and the verdict says for the access log what
// the rule would have done. The rule causes no redirect and no cookie.
[[nodiscard]] Verdict pass_in_shadow(const Visit& visit, const Decision& decision);

// What the rule would have done, for the access log; also of a request that is refused for another reason.
void note_shadow(Verdict& verdict, const Decision& decision);

}  // namespace lp
