#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "auth/cookies/sealed_cookie.h"
#include "auth/identity/assertion_keys.h"
#include "auth/identity/header_sets.h"
#include "base/secret.h"
#include "config/settings.h"

namespace lp {

// Names a secret of the ring, in this process and the next, and says nothing of it. kNoSecret: of what is under none.
using SecretId = std::uint64_t;
inline constexpr SecretId kNoSecret = 0;

// All that is derived from secrets which an operator may replace while we run: from session.secret, whose first secret
// seals and signs while all of them open, and from those that apps get. Immutable, for any thread; whoever handles a
// request takes one keyring for the whole of it. A secret that leaves the ring takes all that is sealed under it along.
struct Keyring {
  // `settings` with the secrets that hold from now on.
  Keyring(const Settings& settings, std::uint64_t generation_in);

  // Whether what is sealed under that secret still holds: it is in the ring, or there is none.
  [[nodiscard]] bool holds(SecretId secret) const;

  std::uint64_t generation;          // grows with each replacement (Realm::replace_keyring)
  std::vector<SecretId> secret_ids;  // in the order of the ring
  CookieSealer session_sealer;
  CookieSealer pending_sealer;
  CookieSealer state_sealer;
  CookieSealer refreshed_sealer;  // outcomes of refreshes, for journal and replicas (auth/refresh/record.h)
  std::string fingerprint;        // of the secret that seals (auth/cookies/loop_marker.h)
  AssertionKeys assertions;
  HeaderSets header_sets;
  Secret check_secret;  // that a proxy which asks {prefix}/check shows; empty: none
};

}  // namespace lp
