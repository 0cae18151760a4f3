#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

// A compact JWS (RFC 7515 3.1, 5.2), with asymmetric algorithms only. Pure; an ES384 verification takes 1.6 ms, so
// verifying is for the auth thread.
namespace lp {

class VerificationKey;

// Cut in its parts and decoded: exactly three, header an object with a string alg, size bounded, with
// no crit and no member that changes what the signature covers.
struct Jws {
  std::string alg, kid, typ;
  std::string payload;           // decoded
  std::string_view signed_part;  // view into the token text
  std::string signature;         // decoded, never empty
};
[[nodiscard]] Result<Jws> parse_jws(std::string_view token);

// The allow-list: ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512 EdDSA (Ed25519). Never none, never HS*.
[[nodiscard]] bool is_allowed_alg(std::string_view alg);
// alg must fit the key's type, curve and declared alg (RFC 7518 3.4).
[[nodiscard]] Result<void> verify_jws(const Jws& jws, const VerificationKey& key);

}  // namespace lp
