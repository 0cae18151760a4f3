#include "auth/identity/assertion_key.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/jose/openssl_handles.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {
namespace {

constexpr std::size_t kScalarBytes = 32;
constexpr std::size_t kExtraBytes = 8;

using Group = std::unique_ptr<EC_GROUP, openssl::Free<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, openssl::Free<EC_POINT_free>>;
using SecretBignum = std::unique_ptr<BIGNUM, openssl::Free<BN_clear_free>>;
using BignumContext = std::unique_ptr<BN_CTX, openssl::Free<BN_CTX_free>>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// A failure here is one of the library, not of what it was given.
void must(bool holds) { LP_CHECK(holds, "OpenSSL cannot make a P-256 key or use it"); }

SecretBignum scalar_of(const Secret& random, const BIGNUM* order, BN_CTX* context) {
  const std::string_view bytes = random.reveal();
  SecretBignum scalar(BN_secure_new());
  const SecretBignum below_order(BN_dup(order));
  must(scalar && below_order && BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), scalar.get()) != nullptr);
  BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
  must(BN_sub_word(below_order.get(), 1) == 1 && BN_mod(scalar.get(), scalar.get(), below_order.get(), context) == 1 &&
       BN_add_word(scalar.get(), 1) == 1);
  return scalar;
}

std::string encoded_point(const EC_GROUP* group, const EC_POINT* point, BN_CTX* context) {
  std::string bytes(1 + 2 * kScalarBytes, '\0');
  must(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, reinterpret_cast<unsigned char*>(bytes.data()),
                          bytes.size(), context) == bytes.size());
  return bytes;
}

openssl::Pkey key_pair(const BIGNUM* scalar, std::string_view point) {
  const openssl::ParamBuilder builder(OSSL_PARAM_BLD_new());
  must(builder && OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
       OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1 &&
       OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1);
  const openssl::Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const openssl::PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  must(params && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
       EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) == 1);
  return openssl::Pkey(key);
}

// RFC 7518 3.4: both numbers in their full length, one behind the other.
std::string raw_signature(std::string_view der) {
  const unsigned char* begin = bytes_of(der);
  const openssl::EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(der.size())));
  must(signature != nullptr);
  std::string raw(2 * kScalarBytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  const int size = static_cast<int>(kScalarBytes);
  must(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, size) == size &&
       BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + kScalarBytes, size) == size);
  return raw;
}

}  // namespace

struct AssertionKey::Pair {
  openssl::Pkey key;
};

AssertionKey::AssertionKey(std::unique_ptr<const Pair> pair, std::string x, std::string y)
    : pair_(std::move(pair)),
      x_(std::move(x)),
      y_(std::move(y)),
      kid_(base64url_encode(sha256(R"({"crv":"P-256","kty":"EC","x":")" + x_ + R"(","y":")" + y_ + R"("})"))) {}
AssertionKey::~AssertionKey() = default;
AssertionKey::AssertionKey(AssertionKey&&) noexcept = default;

AssertionKey AssertionKey::derive(const Secret& secret, std::string_view realm, std::int64_t epoch) {
  const std::string info = "logto-proxy v1 assertion\n" + std::string(realm) + "\n" + std::to_string(epoch);
  const Secret random = hkdf_sha256(secret, info, kScalarBytes + kExtraBytes);
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const BignumContext context(BN_CTX_secure_new());
  must(group && context);
  const SecretBignum scalar = scalar_of(random, EC_GROUP_get0_order(group.get()), context.get());
  const Point point(EC_POINT_new(group.get()));
  must(point && EC_POINT_mul(group.get(), point.get(), scalar.get(), nullptr, nullptr, context.get()) == 1);
  const std::string encoded = encoded_point(group.get(), point.get(), context.get());
  const std::string_view x_y = std::string_view(encoded).substr(1);
  return AssertionKey(std::make_unique<const Pair>(Pair{key_pair(scalar.get(), encoded)}),
                      base64url_encode(x_y.substr(0, kScalarBytes)), base64url_encode(x_y.substr(kScalarBytes)));
}

nlohmann::ordered_json AssertionKey::public_jwk() const {
  return {{"kty", "EC"}, {"crv", "P-256"}, {"x", x_}, {"y", y_}, {"kid", kid_}, {"alg", "ES256"}, {"use", "sig"}};
}

std::string AssertionKey::sign(std::string_view text) const {
  const openssl::DigestContext context(EVP_MD_CTX_new());
  must(context &&
       EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, pair_->key.get(), nullptr) == 1);
  std::array<unsigned char, 80> der{};  // at most 72 for P-256
  std::size_t size = der.size();
  must(EVP_DigestSign(context.get(), der.data(), &size, bytes_of(text), text.size()) == 1);
  return raw_signature({reinterpret_cast<const char*>(der.data()), size});
}

}  // namespace lp
