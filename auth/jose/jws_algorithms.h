#pragma once
#include <cstddef>
#include <string>
#include <string_view>

// The one table of signature algorithms that we accept (RFC 7518 3.1, RFC 8037). What is not in it is refused: `none`
// and HS* are left out on purpose (RFC 8725 2.1, 3.1). Pure.
namespace lp {

enum class KeyType { ec, rsa, okp };
enum class SignatureScheme { ecdsa, pkcs1, pss, eddsa };

struct JwsAlgorithm {
  std::string_view name;
  KeyType key_type;
  SignatureScheme scheme;
  std::string_view curve;                 // "crv" that the key must have; empty for RSA
  std::size_t signature_bytes;            // exact; 0: the modulus decides
  const char* digest;                     // OpenSSL's name; null where the scheme brings its own
  std::string (*hash)(std::string_view);  // for at_hash (OIDC Core 3.1.3.6)
};

// Null for everything that isn't allowed. Exact bytes: "None" or "es256 " are no algorithms.
[[nodiscard]] const JwsAlgorithm* find_jws_algorithm(std::string_view name);

}  // namespace lp
