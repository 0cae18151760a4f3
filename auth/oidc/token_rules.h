#pragma once
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "auth/jose/jwks.h"
#include "auth/jose/jws.h"
#include "base/result.h"

// The rules that ID tokens (OIDC Core 3.1.3.7) and logout tokens (Back-Channel Logout 2.6, which refers to the former)
// have in common, one function each. Pure. None is enough alone: auth/oidc/id_token and auth/oidc/logout_token put them
// in order.
namespace lp {

// Which rule broke, for the one log line and the page's "detail": "iss", "aud", "azp", "signature", "alg", "exp", ...
struct RuleError {
  std::string rule;
  std::string message;
};
[[nodiscard]] RuleError broken_rule(std::string rule, std::string message);

namespace token_rules {

using Verdict = Result<void, RuleError>;

inline constexpr std::int64_t kLeewayS = 60;             // between Logto's clock and ours
inline constexpr std::size_t kMaxIdentifierBytes = 255;  // OIDC Core 2: sub "MUST NOT exceed 255 ASCII characters"

// The claims of a token whose signature has been verified, and what they must say. Views: valid during the call.
struct Claims {
  const nlohmann::json& members;  // an object
  std::string_view issuer;
  std::string_view client_id;
  std::int64_t now_s = 0;
  std::int64_t leeway_s = kLeewayS;
};

// A time claim: a finite JSON number, possibly with a fraction (RFC 7519 2, NumericDate).
[[nodiscard]] std::optional<double> numeric_date(const nlohmann::json& members, const char* name);
// Non-empty, bounded, printable ASCII only: such texts go into headers, logs and comparisons.
[[nodiscard]] bool is_identifier(const std::string* text);

// How far two clocks are apart, for who must set one.
[[nodiscard]] std::string seconds_text(double seconds);
// "7 s ahead of this machine's clock", "7 s old by this machine's clock"; both may mean a clock that is wrong.
[[nodiscard]] std::string ahead_text(double seconds);
[[nodiscard]] std::string old_text(double seconds);
[[nodiscard]] std::string expired_text(double seconds_ago);  // "has expired 5 s ago by this machine's clock"

[[nodiscard]] Verdict judge_alg(const Jws& jws);
// `unknown_key` becomes true when only the key is missing, so that the caller may fetch the set once more.
[[nodiscard]] Verdict judge_signature(const Jws& jws, const Jwks& keys, bool& unknown_key);
[[nodiscard]] Verdict judge_iss(const Claims& claims);
[[nodiscard]] Verdict judge_aud(const Claims& claims);
[[nodiscard]] Verdict judge_azp(const Claims& claims);  // after judge_aud
[[nodiscard]] Verdict judge_exp(const Claims& claims);
[[nodiscard]] Verdict judge_iat(const Claims& claims);
[[nodiscard]] Verdict judge_nbf(const Claims& claims);
[[nodiscard]] Verdict judge_sub(const Claims& claims);
[[nodiscard]] Verdict judge_sid(const Claims& claims);

}  // namespace token_rules
}  // namespace lp
