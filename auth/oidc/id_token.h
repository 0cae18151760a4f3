#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "auth/jose/json_object.h"
#include "auth/jose/json_strict.h"
#include "auth/jose/jwks.h"
#include "auth/oidc/token_rules.h"
#include "base/result.h"

// The ID-token rules of OIDC Core 3.1.3.7, one function each, in its order. Pure.
namespace lp {

struct IdTokenExpectations {
  std::string_view issuer;
  std::string_view client_id;
  std::string_view nonce;         // never empty at a sign-in, which always sends one
  std::string_view nonce_hash;    // at a refresh, in its place: SHA-256 of the sign-in's nonce (OIDC Core 12.2)
  std::string_view access_token;  // for at_hash where the token carries one (3.1.3.6; optional with Logto 1.42)
  std::int64_t max_age_s = -1;    // that the authorization request asked for; negative: it did not
  std::int64_t now_s = 0;
  std::int64_t leeway_s = token_rules::kLeewayS;
};

struct IdToken {
  std::string sub;
  std::string sid;  // empty: none (Logto fact 2)
  JsonObject claims;
};
// Signature and all rules. The key is chosen by the caller's Jwks; `unknown_key` is set when only the key is missing,
// so that the caller may fetch the set once more.
[[nodiscard]] Result<IdToken, RuleError> judge_id_token(std::string_view token, const Jwks& keys,
                                                        const IdTokenExpectations& expected, bool& unknown_key);

// The part of it that comes after the signature: all rules about claims, none about who signed. Never enough alone;
// here so that the rules can be fuzzed.
[[nodiscard]] Result<IdToken, RuleError> judge_verified_payload(std::string_view payload, std::string_view alg,
                                                                const IdTokenExpectations& expected);

// auth_time: when the person last proved who they are, by our clock; 0 where Logto did not say, which it does only when
// asked by max_age. Its age is taken between two times of Logto's clock, auth_time and iat, so that clocks which differ
// by less than the leeway make nobody older or younger. A time further in the future is nonsense and says nothing.
[[nodiscard]] std::int64_t authenticated_at_s(const nlohmann::json& claims, std::int64_t now_s);

// amr, its words joined by blanks: for the log, so it is short. Empty where Logto did not say.
[[nodiscard]] std::string authentication_methods(const nlohmann::json& claims);

}  // namespace lp
