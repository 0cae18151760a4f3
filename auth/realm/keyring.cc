#include "auth/realm/keyring.h"

#include <algorithm>
#include <cstring>

#include "auth/cookies/secret_fingerprint.h"
#include "base/crypto.h"

namespace lp {
namespace {

std::vector<SecretId> ids_of(const std::vector<Secret>& ring) {
  std::vector<SecretId> ids;
  for (const Secret& secret : ring) {
    const std::string mac = hmac_sha256(secret, "logto-proxy v1 place in the ring");
    SecretId id = kNoSecret;
    std::memcpy(&id, mac.data(), sizeof id);
    ids.push_back(std::max<SecretId>(id, 1));
  }
  return ids;
}

}  // namespace

Keyring::Keyring(const Settings& settings, std::uint64_t generation_in)
    : generation(generation_in),
      secret_ids(ids_of(settings.session.secrets)),
      session_sealer(settings.session.secrets, CookiePurpose::session, settings.realm),
      pending_sealer(settings.session.secrets, CookiePurpose::pending_sign_in, settings.realm),
      state_sealer(settings.session.secrets, CookiePurpose::state, settings.realm),
      refreshed_sealer(settings.session.secrets, CookiePurpose::refreshed, settings.realm),
      fingerprint(secret_fingerprint(settings.session.secrets.front())),
      assertions(settings.session.secrets, settings.realm),
      header_sets(settings),
      check_secret(settings.forward_auth.secret) {}

bool Keyring::holds(SecretId secret) const {
  return secret == kNoSecret || std::find(secret_ids.begin(), secret_ids.end(), secret) != secret_ids.end();
}

}  // namespace lp
