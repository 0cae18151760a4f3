#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "auth/jose/openssl_handles.h"

// Keys and tokens for tests: what the provider's side of a sign-in would make.
namespace lp::test {

using nlohmann::json;

class SigningKey {
 public:
  static SigningKey ec(const char* curve, int coordinate_bytes, std::string kid);
  static SigningKey p384(std::string kid);
  static SigningKey rsa(unsigned int bits, std::string kid);
  static SigningKey ed25519(std::string kid);

  [[nodiscard]] const json& jwk() const { return jwk_; }
  [[nodiscard]] std::string jwks() const;

  [[nodiscard]] std::string sign_text(const std::string& header, const std::string& payload, const char* digest,
                                      bool pss = false) const;
  // A token with the ordinary header; `digest` null for EdDSA.
  [[nodiscard]] std::string sign(const std::string& alg, const char* digest, const json& payload,
                                 bool pss = false) const;
  [[nodiscard]] std::string es384(const json& payload) const;

 private:
  SigningKey(openssl::Pkey key, std::string kid);
  [[nodiscard]] std::string signature(const std::string& text, const char* digest, bool pss) const;
  [[nodiscard]] std::string raw_from_der(const std::string& der) const;

  openssl::Pkey key_;
  std::string kid_;
  json jwk_;
  int coordinate_bytes_ = 0;
};

}  // namespace lp::test
