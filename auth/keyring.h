#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "auth/sealed_cookie.h"
#include "base/secret.h"

namespace lp {

// All that is derived from session.secret, whose first secret seals while all of them open. Immutable, for any thread;
// whoever handles a request takes one keyring for the whole of it. A secret that leaves the ring takes all that is
// sealed under it along.
struct Keyring {
  Keyring(const std::vector<Secret>& ring, const std::string& realm, std::uint64_t generation_in);

  std::uint64_t generation;  // grows with each replacement (Realm::replace_keyring)
  CookieSealer session_sealer;
  CookieSealer pending_sealer;
  CookieSealer state_sealer;
  CookieSealer refreshed_sealer;  // outcomes of refreshes, for journal and replicas (auth/refresh_record.h)
  std::string fingerprint;        // of the secret that seals (auth/loop_marker.h)
};

}  // namespace lp
