#include "auth/jose/jws.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "auth/jose/json_strict.h"
#include "auth/jose/jws_algorithms.h"
#include "auth/jose/openssl_handles.h"
#include "auth/jose/verification_key.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxHeaderBytes = 16 * 1024;
constexpr std::size_t kMaxKidBytes = 1024;

// header.payload.signature: a JWE has five parts, the JSON serialisation none (threats J32, J33).
struct Parts {
  std::string_view header, payload, signature, signed_part;
};
std::optional<Parts> split(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
}

// `crit`: we understand no extension, so whatever is listed as critical must be refused (RFC 7515 4.1.11). The others
// say that the signature covers something else than we verify, or that the payload is to be read otherwise; who leaves
// them out of `crit`, as RFC 7797 6 forbids, has still signed another message than we would believe: the payload as it
// stands (b64), compressed (zip) or encrypted (enc) content, something detached (sigD, ETSI TS 119 182-1).
constexpr const char* kForbiddenMembers[] = {"crit", "b64", "zip", "enc", "sigD"};

// A member of the header that must be text where it is there.
Result<std::string> header_text(const json& header, const char* name) {
  if (!header.contains(name)) return std::string();
  const std::string* text = string_member(header, name);
  if (text == nullptr || text->size() > kMaxKidBytes)
    return fail(std::string("header member ") + name + " is not a short text");
  return *text;
}

Result<void> read_header(std::string_view encoded, Jws& jws) {
  const auto text = base64url_decode(encoded);
  if (!text) return fail("header is not base64url");
  auto header = parse_json_strict(*text, kMaxHeaderBytes);
  if (!header) return header.error();
  if (!header->is_object()) return fail("header is not an object");
  for (const char* name : kForbiddenMembers) {
    if (header->contains(name)) return fail(std::string("header has ") + name);
  }
  for (auto [name, member] : {std::pair{"alg", &Jws::alg}, std::pair{"kid", &Jws::kid}, std::pair{"typ", &Jws::typ}}) {
    auto value = header_text(*header, name);
    if (!value) return value.error();
    jws.*member = std::move(*value);
  }
  if (jws.alg.empty()) return fail("header has no alg");
  return {};
}

// RFC 7518 3.4: R || S of exact length; OpenSSL wants DER and itself refuses 0 and values out of range.
std::optional<std::string> ecdsa_der(std::string_view raw) {
  const auto half = static_cast<int>(raw.size() / 2);
  openssl::Bignum r(BN_bin2bn(openssl::bytes_of(raw), half, nullptr));
  openssl::Bignum s(BN_bin2bn(openssl::bytes_of(raw) + half, half, nullptr));
  const openssl::EcdsaSignature signature(ECDSA_SIG_new());
  if (!r || !s || !signature || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return std::nullopt;
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  const int length = i2d_ECDSA_SIG(signature.get(), nullptr);
  if (length <= 0) return std::nullopt;
  std::string der(static_cast<std::size_t>(length), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  if (i2d_ECDSA_SIG(signature.get(), &out) != length) return std::nullopt;
  return der;
}

// RFC 7518 3.5: MGF1 with the same hash (OpenSSL's default), salt as long as the hash.
bool set_pss(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0;
}

bool signature_holds(EVP_PKEY* key, const JwsAlgorithm& algorithm, std::string_view signature, std::string_view text) {
  const openssl::DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;  // owned by `context`
  if (!context ||
      EVP_DigestVerifyInit_ex(context.get(), &key_context, algorithm.digest, nullptr, nullptr, key, nullptr) != 1) {
    return false;
  }
  if (algorithm.scheme == SignatureScheme::pss && !set_pss(key_context)) return false;
  return EVP_DigestVerify(context.get(), openssl::bytes_of(signature), signature.size(), openssl::bytes_of(text),
                          text.size()) == 1;
}

}  // namespace

Result<Jws> parse_jws(std::string_view token) {
  if (token.size() > kMaxTokenBytes) return fail("token is too long");
  const auto parts = split(token);
  if (!parts) return fail("token does not have three parts");
  Jws jws;
  if (auto header = read_header(parts->header, jws); !header) return header.error();
  auto payload = base64url_decode(parts->payload);
  auto signature = base64url_decode(parts->signature);
  if (!payload || !signature) return fail("payload or signature is not base64url");
  if (signature->empty()) return fail("signature is empty");
  jws.payload = std::move(*payload);
  jws.signature = std::move(*signature);
  jws.signed_part = parts->signed_part;
  return jws;
}

bool is_allowed_alg(std::string_view alg) { return find_jws_algorithm(alg) != nullptr; }

Result<void> verify_jws(const Jws& jws, const VerificationKey& key) {
  const JwsAlgorithm* algorithm = find_jws_algorithm(jws.alg);
  if (algorithm == nullptr) return fail("algorithm is not allowed");
  if (!key.fits(*algorithm)) return fail("algorithm does not fit the key");
  if (algorithm->signature_bytes != 0 && jws.signature.size() != algorithm->signature_bytes) {
    return fail("signature has the wrong length");
  }
  const openssl::ErrorQueueGuard guard;
  std::optional<std::string> signature = jws.signature;
  if (algorithm->scheme == SignatureScheme::ecdsa) signature = ecdsa_der(jws.signature);
  if (!signature || !signature_holds(key.raw(), *algorithm, *signature, jws.signed_part)) {
    return fail("signature does not verify");
  }
  return {};
}

}  // namespace lp
