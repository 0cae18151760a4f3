#include "auth/identity/assertion.h"

#include <nlohmann/json.hpp>

#include "auth/identity/assertion_key.h"
#include "base/encoding.h"

namespace lp {
namespace {

std::string part(const nlohmann::ordered_json& value) {
  return base64url_encode(value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

std::string sign_assertion(const AssertionKey& key, const Assertion& assertion) {
  nlohmann::ordered_json payload = {{"iss", assertion.issuer},
                                    {"aud", assertion.audience},
                                    {"sub", assertion.sub},
                                    {"iat", assertion.now_s},
                                    {"exp", assertion.now_s + kAssertionLifetimeS},
                                    {"jti", assertion.id}};
  if (assertion.claims != nullptr) {
    for (const auto& [name, claim] : assertion.claims->items()) payload.emplace(name, claim);
  }
  std::string token = part({{"alg", "ES256"}, {"typ", "JWT"}, {"kid", key.kid()}}) + "." + part(payload);
  const std::string signature = key.sign(token);
  token.append(".").append(base64url_encode(signature));
  return token;
}

}  // namespace lp
