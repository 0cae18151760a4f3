#include "auth/keyring.h"

#include "auth/loop_marker.h"

namespace lp {

Keyring::Keyring(const std::vector<Secret>& ring, const std::string& realm, std::uint64_t generation_in)
    : generation(generation_in),
      session_sealer(ring, CookiePurpose::session, realm),
      pending_sealer(ring, CookiePurpose::pending_sign_in, realm),
      state_sealer(ring, CookiePurpose::state, realm),
      refreshed_sealer(ring, CookiePurpose::refreshed, realm),
      fingerprint(secret_fingerprint(ring.front())) {}

}  // namespace lp
