#include "auth/jose/jwks.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/jose/json_strict.h"
#include "auth/jose/verification_key.h"
#include "base/crypto.h"

namespace lp {

namespace {
constexpr std::size_t kMaxKeys = 64;
}  // namespace

Jwks::Jwks() = default;
Jwks::~Jwks() = default;
Jwks::Jwks(const Jwks&) = default;
Jwks& Jwks::operator=(const Jwks&) = default;

Result<Jwks> Jwks::parse(std::string_view text) {
  auto document = parse_json_strict(text, kMaxMetadataBytes);
  if (!document) return document.error();
  if (!document->is_object() || !document->contains("keys") || !(*document)["keys"].is_array()) {
    return fail("key set has no array of keys");
  }
  const nlohmann::json& entries = (*document)["keys"];
  if (entries.size() > kMaxKeys) return fail("key set has more than 64 keys");
  Jwks set;
  set.digest_ = sha256(text);
  std::string why = "it is empty";
  for (const nlohmann::json& entry : entries) {
    auto key = VerificationKey::from_jwk(entry);
    if (key) {
      set.keys_.push_back(std::make_shared<const VerificationKey>(std::move(*key)));
    } else {
      why = key.error().message;
    }
  }
  if (set.keys_.empty()) return fail("key set has no usable key: " + why);
  return set;
}

bool Jwks::has_kid(std::string_view kid) const {
  return std::any_of(keys_.begin(), keys_.end(), [&](const auto& key) { return !kid.empty() && key->kid() == kid; });
}

Result<const VerificationKey*> Jwks::select(std::string_view kid, std::string_view alg) const {
  const JwsAlgorithm* algorithm = find_jws_algorithm(alg);
  if (algorithm == nullptr) return fail("algorithm is not allowed");
  const VerificationKey* chosen = nullptr;
  for (const auto& key : keys_) {
    if ((!kid.empty() && key->kid() != kid) || !key->fits(*algorithm)) continue;
    if (chosen != nullptr) return fail("more than one key fits");
    chosen = key.get();
  }
  if (chosen == nullptr) return fail(has_kid(kid) ? "algorithm does not fit the key" : "no key fits");
  return chosen;
}

bool agree_on_key(const Jwks& a, const Jwks& b, std::string_view kid, std::string_view alg) {
  const auto in_a = a.select(kid, alg);
  const auto in_b = b.select(kid, alg);
  return in_a && in_b && EVP_PKEY_eq((*in_a)->raw(), (*in_b)->raw()) == 1;
}

}  // namespace lp
