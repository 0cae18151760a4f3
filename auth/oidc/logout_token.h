#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/jose/jwks.h"
#include "auth/oidc/token_rules.h"
#include "base/result.h"

// The logout-token rules of OpenID Connect Back-Channel Logout 1.0, section 2.6, one function each, in its order. Pure.
// Left to the caller, who has the memory: whether the jti has been seen (auth/session/seen_tokens), and who goes with
// sid or sub.
namespace lp {

// Logto's tokens are below 2 KiB, with an RSA-4096 signature too. Anybody may send one, so nothing long is decoded.
inline constexpr std::size_t kMaxLogoutTokenBytes = 16 * 1024;
// A token without exp (Logto 1.37.1) is accepted so long after its iat; Logto sends each at once and never again.
inline constexpr std::int64_t kMaxLogoutTokenAgeS = 300;
// A token with exp too, however far away its exp is: the memory of seen tokens must be able to forget some day.
inline constexpr std::int64_t kMaxLogoutTokenAgeWithExpS = 3600;

struct LogoutToken {
  std::string sub;  // empty: none; then sid is there
  std::string sid;  // empty: none; then all sessions of sub are meant
  std::string jti;  // never empty
  std::int64_t iat_s = 0;
  std::int64_t exp_s = 0;  // 0: none
  // No copy of this token is accepted after this time: what remembers the jti until then refuses every replay.
  std::int64_t remember_until_s = 0;
};

struct LogoutTokenExpectations {
  std::string_view issuer;
  std::string_view client_id;
  std::int64_t now_s = 0;
};

// Form, type, signature and all rules about claims. The rule of an error is one of: encrypted form typ alg key
// signature payload iss aud azp exp iat nbf age sub sid who events nonce jti. `unknown_key` becomes true when only the
// key is missing; the token is then unsigned for all we know, so a fetch of the key set for it needs a budget of its
// own.
[[nodiscard]] Result<LogoutToken, RuleError> judge_logout_token(std::string_view token, const Jwks& keys,
                                                                const LogoutTokenExpectations& expected,
                                                                bool& unknown_key);

// The part of it that comes after the signature. Never enough alone; here so that the rules can be fuzzed.
[[nodiscard]] Result<LogoutToken, RuleError> judge_verified_logout_claims(std::string_view payload,
                                                                          const LogoutTokenExpectations& expected);

}  // namespace lp
