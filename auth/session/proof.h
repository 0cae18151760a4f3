#pragma once
#include <cstdint>

#include "auth/oidc/pending_sign_in.h"

// Whether a sign-in after an end proves that the person is there again. Logto's own session outlives most ends of ours:
// without proof a reload would bring back, without a password, whom somebody has just signed out everywhere
// (docs/decisions/0035-proof-after-an-end.md). Pure.
namespace lp {

// What the record of an end that Logto told of reaches beyond it, for clocks that differ and for times in whole
// seconds: a session may have to end by it, nobody has to prove anything by it.
inline constexpr std::int64_t kClockAllowanceMs = 2'000;

enum class ProofVerdict {
  proven,
  ask_max_age,   // nothing was asked for yet: whoever signed in at Logto since the end passes there unasked
  ask_password,  // that did not prove it, or cannot
  missing,       // nor did this: what stands at Logto's address proves nothing, and asking again would never end
};

// What the first sign-in after an end is asked for. Ages and times come in whole seconds: right after an end they do
// not tell who signed in since from who did just before, and Logto's page must.
[[nodiscard]] ProofAsked first_proof(std::int64_t ended_at_ms, std::int64_t now_s);

// `ended_at_ms`: of the last end that demands a proof, as it is known when the answer is there; 0: none.
// `authenticated_at_s`: of the answer, 0 where it did not say (Session::authenticated_at_s).
[[nodiscard]] ProofVerdict judge_proof(const PendingSignIn& pending, std::int64_t ended_at_ms,
                                       std::int64_t authenticated_at_s, std::int64_t now_s);

}  // namespace lp
