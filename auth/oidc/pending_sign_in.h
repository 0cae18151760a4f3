#pragma once
#include <cstdint>
#include <string>

#include "base/secret.h"

namespace lp {

inline constexpr std::int64_t kNoMaxAge = -1;

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
};

}  // namespace lp
