#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "auth/jose/jws_algorithms.h"
#include "auth/jose/openssl_handles.h"
#include "base/result.h"

namespace lp {

// A public key from a JWK (RFC 7517 4, RFC 7518 6, RFC 8037 2), fit for verifying signatures. Immutable; may be used
// from several threads.
class VerificationKey {
 public:
  // Refuses what must not verify anything: oct, use other than sig, key_ops without verify, an alg that we don't allow
  // or that doesn't fit the key, RSA below 2048 or above 8192 bits or with an odd exponent, unknown curves, points off
  // the curve, and keys whose private half is published too.
  [[nodiscard]] static Result<VerificationKey> from_jwk(const nlohmann::json& jwk);

  [[nodiscard]] const std::string& kid() const { return kid_; }  // empty: none
  // The algorithm goes with the key's type, curve and declared alg (RFC 7518 3.4; an RSA JWK of Logto has no alg).
  [[nodiscard]] bool fits(const JwsAlgorithm& algorithm) const;
  [[nodiscard]] EVP_PKEY* raw() const { return key_.get(); }

 private:
  std::string kid_;
  std::string alg_;  // empty: any that fits
  KeyType type_ = KeyType::ec;
  std::string curve_;
  openssl::Pkey key_;
};

}  // namespace lp
