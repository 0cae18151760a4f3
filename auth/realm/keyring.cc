#include "auth/realm/keyring.h"

#include "auth/cookies/secret_fingerprint.h"

namespace lp {

Keyring::Keyring(const Settings& settings, std::uint64_t generation_in)
    : generation(generation_in),
      session_sealer(settings.session.secrets, CookiePurpose::session, settings.realm),
      pending_sealer(settings.session.secrets, CookiePurpose::pending_sign_in, settings.realm),
      state_sealer(settings.session.secrets, CookiePurpose::state, settings.realm),
      refreshed_sealer(settings.session.secrets, CookiePurpose::refreshed, settings.realm),
      fingerprint(secret_fingerprint(settings.session.secrets.front())),
      assertions(settings.session.secrets, settings.realm),
      header_sets(settings),
      check_secret(settings.forward_auth.secret) {}

}  // namespace lp
