#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jose/jws.h"
#include "base/result.h"

// JSON Web Key Sets (RFC 7517 5) of asymmetric keys. Pure; parsing a set is done once per fetch.
namespace lp {

class VerificationKey;  // auth/jose/verification_key.h

class Jwks {
 public:
  Jwks();
  // Keys that are unusable (see VerificationKey::from_jwk) are left out, as RFC 7517 5 wants; a set without a usable
  // key is an error, as are more than 64 keys.
  [[nodiscard]] static Result<Jwks> parse(std::string_view json);
  ~Jwks();
  Jwks(const Jwks&);
  Jwks& operator=(const Jwks&);

  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] bool has_kid(std::string_view kid) const;
  // The key for a token: the one whose kid equals exactly, or when the token has no kid the only key that fits the
  // algorithm. Two that fit are refused rather than tried (OIDC Core 10.1; threat J16). Valid as long as any copy
  // of this set lives.
  [[nodiscard]] Result<const VerificationKey*> select(std::string_view kid, std::string_view alg) const;
  // Of the text that it was parsed from: two sets with the same digest are the same.
  [[nodiscard]] const std::string& digest() const { return digest_; }

 private:
  std::vector<std::shared_ptr<const VerificationKey>> keys_;
  std::string digest_;
};

// Both sets name the same key for a token: what was verified with one would verify with the other.
[[nodiscard]] bool agree_on_key(const Jwks& a, const Jwks& b, std::string_view kid, std::string_view alg);

}  // namespace lp
