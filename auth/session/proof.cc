#include "auth/session/proof.h"

namespace lp {
namespace {

// auth_time and iat come in whole seconds, and so does our clock.
constexpr std::int64_t kRoundingS = 2;
constexpr std::int64_t kJustNowS = 5;

// Logto was told to ask for the password after the end. What it says to have seen by then is believed to the second.
bool was_asked_since(const PendingSignIn& pending, std::int64_t ended_at_ms, std::int64_t authenticated_at_s) {
  return pending.proof_asked == ProofAsked::password && pending.made_at_s >= ended_at_ms / 1000 &&
         authenticated_at_s >= pending.made_at_s - kRoundingS;
}

}  // namespace

ProofAsked first_proof(std::int64_t ended_at_ms, std::int64_t now_s) {
  if (ended_at_ms <= 0) return ProofAsked::nothing;
  return now_s - ended_at_ms / 1000 < kJustNowS ? ProofAsked::password : ProofAsked::max_age;
}

ProofVerdict judge_proof(const PendingSignIn& pending, std::int64_t ended_at_ms, std::int64_t authenticated_at_s,
                         std::int64_t now_s) {
  if (ended_at_ms <= 0 || authenticated_at_s * 1000 >= ended_at_ms) return ProofVerdict::proven;
  if (was_asked_since(pending, ended_at_ms, authenticated_at_s)) return ProofVerdict::proven;
  if (pending.proof_asked == ProofAsked::password) return ProofVerdict::missing;
  const bool may_ask_age =
      pending.proof_asked == ProofAsked::nothing && first_proof(ended_at_ms, now_s) == ProofAsked::max_age;
  return may_ask_age ? ProofVerdict::ask_max_age : ProofVerdict::ask_password;
}

}  // namespace lp
