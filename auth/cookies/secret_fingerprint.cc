#include "auth/cookies/secret_fingerprint.h"

#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {

std::string secret_fingerprint(const Secret& secret) {
  return hex_encode(hmac_sha256(secret, "logto-proxy v1 fingerprint")).substr(0, kSecretFingerprintDigits);
}

}  // namespace lp
