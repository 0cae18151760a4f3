#pragma once
#include <cstdint>
#include <string>

#include "base/secret.h"

namespace lp {

inline constexpr std::int64_t kNoMaxAge = -1;

// What a sign-in has been asked for to prove that the person is there again, after an end that demands it
// (auth/session/proof.h), one after the other.
enum class ProofAsked : std::uint8_t { nothing, max_age, password };

// Which API resources of routes a sign-in asks for, after Logto did not know one (RFC 8707 2): those that it is not
// known not to know, then none.
enum class ResourcesAsked : std::uint8_t { known, known_again, none };

// A sign-in that has been sent to Logto and has not come back.
struct PendingSignIn {
  Secret state;  // made by make_state() of auth/cookies/sign_in_state.h
  Secret nonce;
  Secret code_verifier;
  std::string return_to;     // path and query (and fragment with keep_fragment), already vetted
  std::string redirect_uri;  // the exact one that was sent
  std::int64_t made_at_s = 0;
  bool silent = false;                 // prompt=none: an error ends the old session instead of showing a page
  bool step_up = false;                // for a session that lives: the same person goes on with it
  std::int64_t max_age_s = kNoMaxAge;  // that was sent, so that auth_time must prove it (OIDC Core 3.1.2.1)
  ProofAsked proof_asked = ProofAsked::nothing;
  std::int64_t ended_at_ms = 0;  // Unix time from which on the person must have proved who they are; 0: any
  ResourcesAsked resources_asked = ResourcesAsked::known;
  Secret one_time_token;  // of a magic link: sent to Logto, and not kept
  std::string with;       // the way that was asked for, as in sign_in.with; empty: Logto's own page
};

}  // namespace lp
