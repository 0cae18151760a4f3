#pragma once
#include "auth/rules/authorize.h"
#include "auth/visit/visit.h"

namespace lp {

// Whoever is known and may not: by `routes[].forbidden` a page or JSON that says what is missing, a bare 403, or a
// sign-in with another account, which asks for the password even where Logto would answer silently. Who comes back from
// that and is refused still gets the page.
[[nodiscard]] Verdict forbid(const Visit& visit, const Authorization& authorization, Waiting waiting);

}  // namespace lp
