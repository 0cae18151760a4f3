#include "auth/jose/jws_algorithms.h"

#include "base/crypto.h"

namespace lp {
namespace {

constexpr auto ec = KeyType::ec;
constexpr auto rsa = KeyType::rsa;
constexpr auto pkcs1 = SignatureScheme::pkcs1;
constexpr auto pss = SignatureScheme::pss;
constexpr auto ecdsa = SignatureScheme::ecdsa;

constexpr JwsAlgorithm kAlgorithms[] = {
    {"ES384", ec, ecdsa, "P-384", 96, "SHA384", sha384},
    {"RS256", rsa, pkcs1, "", 0, "SHA256", sha256},
    {"ES256", ec, ecdsa, "P-256", 64, "SHA256", sha256},
    {"ES512", ec, ecdsa, "P-521", 132, "SHA512", sha512},
    {"RS384", rsa, pkcs1, "", 0, "SHA384", sha384},
    {"RS512", rsa, pkcs1, "", 0, "SHA512", sha512},
    {"PS256", rsa, pss, "", 0, "SHA256", sha256},
    {"PS384", rsa, pss, "", 0, "SHA384", sha384},
    {"PS512", rsa, pss, "", 0, "SHA512", sha512},
    {"EdDSA", KeyType::okp, SignatureScheme::eddsa, "Ed25519", 64, nullptr, sha512},
};

}  // namespace

const JwsAlgorithm* find_jws_algorithm(std::string_view name) {
  for (const JwsAlgorithm& algorithm : kAlgorithms) {
    if (algorithm.name == name) return &algorithm;
  }
  return nullptr;
}

}  // namespace lp
