#include "tests/support/signing.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <cstddef>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"

namespace lp::test {
namespace {

std::string number_bytes(EVP_PKEY* key, const char* name, int length) {
  BIGNUM* number = nullptr;
  LP_CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1, "no such number");
  const openssl::Bignum owned(number);
  const int bytes = length > 0 ? length : BN_num_bytes(number);
  std::string out(static_cast<std::size_t>(bytes), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), bytes);
  return out;
}

}  // namespace

SigningKey::SigningKey(openssl::Pkey key, std::string kid) : key_(std::move(key)), kid_(std::move(kid)) {
  jwk_["kid"] = kid_;
  jwk_["use"] = "sig";
}

SigningKey SigningKey::ec(const char* curve, int coordinate_bytes, std::string kid) {
  SigningKey key(openssl::Pkey(EVP_EC_gen(curve)), std::move(kid));
  key.coordinate_bytes_ = coordinate_bytes;
  key.jwk_["kty"] = "EC";
  key.jwk_["crv"] = curve;
  key.jwk_["x"] = base64url_encode(number_bytes(key.key_.get(), "qx", coordinate_bytes));
  key.jwk_["y"] = base64url_encode(number_bytes(key.key_.get(), "qy", coordinate_bytes));
  return key;
}

SigningKey SigningKey::p384(std::string kid) { return ec("P-384", 48, std::move(kid)); }

SigningKey SigningKey::rsa(unsigned int bits, std::string kid) {
  SigningKey key(openssl::Pkey(EVP_RSA_gen(bits)), std::move(kid));
  key.jwk_["kty"] = "RSA";
  key.jwk_["n"] = base64url_encode(number_bytes(key.key_.get(), "n", 0));
  key.jwk_["e"] = base64url_encode(number_bytes(key.key_.get(), "e", 0));
  return key;
}

SigningKey SigningKey::ed25519(std::string kid) {
  SigningKey key(openssl::Pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), std::move(kid));
  std::string raw(32, '\0');
  std::size_t length = raw.size();
  EVP_PKEY_get_raw_public_key(key.key_.get(), reinterpret_cast<unsigned char*>(raw.data()), &length);
  key.jwk_["kty"] = "OKP";
  key.jwk_["crv"] = "Ed25519";
  key.jwk_["x"] = base64url_encode(raw);
  return key;
}

std::string SigningKey::jwks() const { return json{{"keys", json::array({jwk_})}}.dump(); }

std::string SigningKey::sign_text(const std::string& header, const std::string& payload, const char* digest,
                                  bool pss) const {
  const std::string text = base64url_encode(header) + "." + base64url_encode(payload);
  return text + "." + base64url_encode(signature(text, digest, pss));
}

std::string SigningKey::sign(const std::string& alg, const char* digest, const json& payload, bool pss) const {
  return sign_text(json{{"alg", alg}, {"kid", kid_}}.dump(), payload.dump(), digest, pss);
}

std::string SigningKey::es384(const json& payload) const { return sign("ES384", "SHA384", payload); }

std::string SigningKey::signature(const std::string& text, const char* digest, bool pss) const {
  const openssl::DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;
  EVP_DigestSignInit_ex(context.get(), &options, digest, nullptr, nullptr, key_.get(), nullptr);
  if (pss) {
    EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
  }
  std::string out(1200, '\0');
  std::size_t length = out.size();
  const int ok = EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &length,
                                reinterpret_cast<const unsigned char*>(text.data()), text.size());
  LP_CHECK(ok == 1, "signing failed");
  out.resize(length);
  return coordinate_bytes_ == 0 ? out : raw_from_der(out);
}

std::string SigningKey::raw_from_der(const std::string& der) const {
  const auto* in = reinterpret_cast<const unsigned char*>(der.data());
  const openssl::EcdsaSignature parts(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size())));
  std::string raw(2 * static_cast<std::size_t>(coordinate_bytes_), '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), out, coordinate_bytes_);
  BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), out + coordinate_bytes_, coordinate_bytes_);
  return raw;
}

}  // namespace lp::test
