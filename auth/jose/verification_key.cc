#include "auth/jose/verification_key.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "auth/jose/json_strict.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;  // a larger modulus buys CPU time with one small answer (threat J40)
constexpr int kMaxExponentBits = 32;

std::optional<std::string> decoded_member(const json& jwk, const char* name) {
  const std::string* text = string_member(jwk, name);
  return text == nullptr ? std::nullopt : base64url_decode(*text);
}

// RFC 7517 4.2, 4.3: a key for something else must not verify.
Result<void> check_use(const json& jwk) {
  if (jwk.contains("use") && jwk["use"] != "sig") return fail("use is not sig");
  if (!jwk.contains("key_ops")) return {};
  const json& operations = jwk["key_ops"];
  const bool verifies =
      operations.is_array() && std::find(operations.begin(), operations.end(), "verify") != operations.end();
  return verifies ? Result<void>{} : fail("key_ops has no verify");
}

// A published private key proves nothing about who signed.
Result<void> check_public(const json& jwk) {
  for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
    if (jwk.contains(name)) return fail("private or symmetric key material");
  }
  return {};
}

openssl::Pkey key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const openssl::Params params(OSSL_PARAM_BLD_to_param(builder));
  const openssl::PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) <= 0 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) <= 0) {
    return nullptr;
  }
  return openssl::Pkey(key);
}

openssl::Bignum bignum(std::string_view bytes) {
  return openssl::Bignum(BN_bin2bn(openssl::bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

Result<openssl::Pkey> rsa_key(const json& jwk) {
  const auto n_bytes = decoded_member(jwk, "n");
  const auto e_bytes = decoded_member(jwk, "e");
  if (!n_bytes || !e_bytes || n_bytes->size() > 2 * kMaxRsaBits / 8 || e_bytes->size() > 64) return fail("bad n or e");
  const openssl::Bignum n = bignum(*n_bytes);
  const openssl::Bignum e = bignum(*e_bytes);
  if (BN_num_bits(n.get()) < kMinRsaBits || BN_num_bits(n.get()) > kMaxRsaBits || !BN_is_odd(n.get())) {
    return fail("RSA modulus out of range");
  }
  if (BN_num_bits(e.get()) < 2 || BN_num_bits(e.get()) > kMaxExponentBits || !BN_is_odd(e.get())) {
    return fail("RSA exponent out of range");
  }
  const openssl::ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  openssl::Pkey key = key_from("RSA", builder.get());
  if (!key) return fail("RSA key refused");
  return key;
}

struct Curve {
  std::string_view name;
  std::size_t coordinate_bytes;
};
constexpr std::array<Curve, 3> kCurves = {{{"P-256", 32}, {"P-384", 48}, {"P-521", 66}}};

Result<openssl::Pkey> ec_key(const json& jwk, const std::string& crv) {
  const auto curve = std::find_if(kCurves.begin(), kCurves.end(), [&](const Curve& c) { return c.name == crv; });
  if (curve == kCurves.end()) return fail("unknown curve");
  const auto x = decoded_member(jwk, "x");
  const auto y = decoded_member(jwk, "y");
  // RFC 7518 6.2.1.2: coordinates have the full size of the field.
  if (!x || !y || x->size() != curve->coordinate_bytes || y->size() != curve->coordinate_bytes) {
    return fail("bad coordinates");
  }
  const std::string point = "\x04" + *x + *y;
  const openssl::ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, crv.c_str(), 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  openssl::Pkey key = key_from("EC", builder.get());
  if (!key) return fail("point is not on the curve");
  const openssl::PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!context || EVP_PKEY_public_check(context.get()) <= 0) return fail("point is not on the curve");
  return key;
}

Result<openssl::Pkey> okp_key(const json& jwk, const std::string& crv) {
  const auto x = decoded_member(jwk, "x");
  if (crv != "Ed25519" || !x || x->size() != 32) return fail("not an Ed25519 key");
  openssl::Pkey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, openssl::bytes_of(*x), x->size()));
  if (!key) return fail("Ed25519 key refused");
  return key;
}

struct KeyTypeName {
  std::string_view kty;
  KeyType type;
};
constexpr std::array<KeyTypeName, 3> kKeyTypes = {{{"EC", KeyType::ec}, {"RSA", KeyType::rsa}, {"OKP", KeyType::okp}}};

Result<KeyType> key_type(const json& jwk) {
  const std::string* kty = string_member(jwk, "kty");
  if (kty == nullptr) return fail("kty missing");
  const auto found =
      std::find_if(kKeyTypes.begin(), kKeyTypes.end(), [&](const KeyTypeName& n) { return n.kty == *kty; });
  return found == kKeyTypes.end() ? Result<KeyType>(fail("kty is not for signatures")) : found->type;
}

Result<openssl::Pkey> make_key(KeyType type, const json& jwk, const std::string& curve) {
  const openssl::ErrorQueueGuard guard;
  if (type == KeyType::rsa) return rsa_key(jwk);
  return type == KeyType::ec ? ec_key(jwk, curve) : okp_key(jwk, curve);
}

// An optional member that must be a string where it is there. False: it is there and isn't.
bool read_optional(const json& jwk, const char* name, std::string& out) {
  if (!jwk.contains(name)) return true;
  const std::string* text = string_member(jwk, name);
  if (text == nullptr || text->empty()) return false;
  out = *text;
  return true;
}

}  // namespace

Result<VerificationKey> VerificationKey::from_jwk(const json& jwk) {
  if (!jwk.is_object()) return fail("not an object");
  if (auto use = check_use(jwk); !use) return use.error();
  if (auto is_public = check_public(jwk); !is_public) return is_public.error();
  auto type = key_type(jwk);
  if (!type) return type.error();
  VerificationKey key;
  key.type_ = *type;
  if (!read_optional(jwk, "kid", key.kid_) || !read_optional(jwk, "alg", key.alg_))
    return fail("kid or alg is no text");
  if (key.type_ != KeyType::rsa && !read_optional(jwk, "crv", key.curve_)) return fail("crv is no text");
  const JwsAlgorithm* declared = find_jws_algorithm(key.alg_);
  if (!key.alg_.empty() && (declared == nullptr || !key.fits(*declared))) return fail("alg does not fit the key");
  auto made = make_key(key.type_, jwk, key.curve_);
  if (!made) return made.error();
  key.key_ = std::move(*made);
  return key;
}

bool VerificationKey::fits(const JwsAlgorithm& algorithm) const {
  return algorithm.key_type == type_ && algorithm.curve == curve_ && (alg_.empty() || alg_ == algorithm.name);
}

}  // namespace lp
