#pragma once
#include "auth/rules/authorize.h"
#include "auth/visit/visit.h"

namespace lp {

// Whoever is known and may not: by `routes[].forbidden` a page or JSON that says what is missing, or a bare 403.
[[nodiscard]] Verdict forbidden_verdict(const Visit& visit, const Authorization& authorization);

// `forbidden: sign_in`: a sign-in with another account, which asks for the password even where Logto would answer
// silently. Who comes back from that and is refused still gets the page.
[[nodiscard]] Verdict choose_account(const Visit& visit, const Authorization& authorization, Waiting waiting);

}  // namespace lp
