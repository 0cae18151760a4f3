// Compact JWS: cutting, header rules, and verification with a fixed key. Nothing but a recorded token may verify.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "auth/jose/jwks.h"
#include "auth/jose/verification_key.h"

namespace {

// A real Logto's key (tests/corpora/logto/v1.42.0/jwks.json); its private half died with a throw-away server.
constexpr const char* kJwks = R"({"keys":[{"kty":"EC","use":"sig","kid":"j-FdbYWBzRrVb6_Ookzvtik_EMljKy3ndf1DC54juls",
  "alg":"ES384","crv":"P-384","x":"4GYBAvBw7h01wgKoCv60OnuEWyuHw7moHTljfA1ApMRIff37vAUDIXJb9r7aDmCj",
  "y":"pNC6uDiwkJmzqlwrD2N_bRaQRty05P4XzZISUviNxBFtGhosEnNTNXkUyymlidYZ"}]})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lp::Jwks keys = *lp::Jwks::parse(kJwks);
  const std::string_view token(reinterpret_cast<const char*>(data), size);
  auto jws = lp::parse_jws(token);
  if (!jws) return 0;
  if (jws->alg.empty() || jws->signature.empty()) std::abort();
  auto key = keys.select(jws->kid, jws->alg);
  if (!key) return 0;
  const bool verified = lp::verify_jws(*jws, **key).ok();
  if (verified && (jws->alg != "ES384" || jws->signature.size() != 96)) std::abort();
  return 0;
}
