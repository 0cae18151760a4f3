#include "auth/session/proof.h"

#include <doctest/doctest.h>

using namespace lp;

namespace {

constexpr std::int64_t kEndS = 1'000;
constexpr std::int64_t kEndMs = kEndS * 1000 + 500;

PendingSignIn asked(ProofAsked what, std::int64_t made_at_s) {
  PendingSignIn pending;
  pending.proof_asked = what;
  pending.made_at_s = made_at_s;
  return pending;
}

}  // namespace

TEST_CASE("after an end the person proves that they are there again, and nobody is asked for ever") {
  struct Case {
    const char* what;
    std::int64_t ended_at_ms;
    ProofAsked asked;
    std::int64_t made_at_s;
    std::int64_t authenticated_at_s;
    ProofVerdict verdict;
  };
  using V = ProofVerdict;
  const Case cases[] = {
      {"nothing has ended", 0, ProofAsked::nothing, kEndS, 0, V::proven},
      {"Logto did not say, for nobody asked", kEndMs, ProofAsked::nothing, kEndS + 5, 0, V::ask_max_age},
      {"they signed in since", kEndMs, ProofAsked::max_age, kEndS + 5, kEndS + 1, V::proven},
      {"they signed in since, unasked", kEndMs, ProofAsked::nothing, kEndS + 5, kEndS + 1, V::proven},
      {"they signed in before", kEndMs, ProofAsked::max_age, kEndS + 5, kEndS - 1, V::ask_password},
      {"in the very second of the end, which may be before", kEndMs, ProofAsked::max_age, kEndS, kEndS,
       V::ask_password},
      {"Logto ignores max_age", kEndMs, ProofAsked::max_age, kEndS + 5, 0, V::ask_password},
      {"asked for the password in the second of the end", kEndMs, ProofAsked::password, kEndS, kEndS, V::proven},
      {"asked for the password later", kEndMs, ProofAsked::password, kEndS + 9, kEndS + 9, V::proven},
      {"Logto ignores prompt=login", kEndMs, ProofAsked::password, kEndS + 9, kEndS - 100, V::missing},
      {"Logto says nothing at all", kEndMs, ProofAsked::password, kEndS + 9, 0, V::missing},
      {"it ended once more while they were at Logto", kEndMs, ProofAsked::password, kEndS - 30, kEndS - 20, V::missing},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(judge_proof(asked(c.asked, c.made_at_s), c.ended_at_ms, c.authenticated_at_s, kEndS + 60) == c.verdict);
  }
}

TEST_CASE("right after an end whole seconds do not tell before from after: Logto asks for the password") {
  CHECK(first_proof(0, kEndS) == ProofAsked::nothing);
  CHECK(first_proof(kEndMs, kEndS) == ProofAsked::password);
  CHECK(first_proof(kEndMs, kEndS + 4) == ProofAsked::password);
  CHECK(first_proof(kEndMs, kEndS + 5) == ProofAsked::max_age);
  CHECK(judge_proof(asked(ProofAsked::nothing, kEndS), kEndMs, 0, kEndS + 1) == ProofVerdict::ask_password);
  CHECK(judge_proof(asked(ProofAsked::password, kEndS + 1), kEndMs, kEndS, kEndS + 2) == ProofVerdict::proven);
}
