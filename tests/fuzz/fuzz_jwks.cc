// Key sets from outside: whatever is accepted has a usable key and can be asked for anything.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "auth/jose/jwks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto keys = lp::Jwks::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!keys) return 0;
  if (keys->size() == 0 || keys->size() > 64) std::abort();
  for (const char* alg : {"ES256", "ES384", "ES512", "RS256", "PS512", "EdDSA"}) {
    static_cast<void>(keys->select("", alg));
    static_cast<void>(keys->select("k", alg));
  }
  if (keys->select("", "none") || keys->select("", "HS256")) std::abort();
  return 0;
}
