#pragma once
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jose/json_object.h"
#include "auth/jose/jwks.h"
#include "auth/oidc/token_rules.h"
#include "base/result.h"
#include "config/settings.h"

// JWT access tokens: the rules of RFC 9068, section 4, with those of RFC 8725, one function each. Pure. Who the token
// is for is judged for each route, see access_token_is_for().
namespace lp {

// Logto's are below 2 KiB. Anybody may send one, so nothing long is decoded.
inline constexpr std::size_t kMaxAccessTokenBytes = 8 * 1024;

// What an access token says, whether it was a JWT or Logto's answer about an opaque one.
struct AccessToken {
  std::size_t issuer = 0;  // 0: Logto; else the place in bearer.issuers, from 1
  std::string sub;
  std::string client_id;               // empty: the issuer does not say
  std::string sid;                     // of the session at Logto that it came from; empty: not said
  std::vector<std::string> scopes;     // in their order
  std::vector<std::string> audiences;  // of an opaque token that has none: its client_id
  bool is_for_client_alone = false;    // that opaque token
  std::int64_t issued_at_s = 0;
  std::int64_t expires_at_s = 0;        // at this second it is not valid any more
  std::int64_t authenticated_at_s = 0;  // 0: not said
  std::int64_t trusted_until_s = 0;     // then Logto must be asked about it again; at most expires_at_s
  JsonObject claims;                    // for rules and headers
  [[nodiscard]] bool is_from_logto() const { return issuer == 0; }
};

// Two dots, as no opaque token of Logto has.
[[nodiscard]] bool looks_like_jwt(std::string_view token);

// Everything but the signature, so the result is worth nothing by itself; what is refused here costs neither a key nor
// a verification. The rule of an error is one of: form typ alg payload iss aud exp iat nbf sub client_id scope kind.
// `aud` here: for nothing that any route takes.
[[nodiscard]] Result<AccessToken, RuleError> read_access_token(std::string_view token, const Settings& settings,
                                                               std::int64_t now_s);
// The same and the signature; `keys` are those of the issuer that read_access_token() tells. Further rules: key,
// signature. `unknown_key` becomes true when only the key is missing.
[[nodiscard]] Result<AccessToken, RuleError> judge_access_token(std::string_view token, const Settings& settings,
                                                                const Jwks& keys, std::int64_t now_s,
                                                                bool& unknown_key);

// Logto's answer about an active opaque token (RFC 7662 2.2), by the same rules. Further ones: type iss.
[[nodiscard]] Result<AccessToken, RuleError> read_introspected_token(nlohmann::json members, const Settings& settings,
                                                                     std::int64_t now_s);

// Byte for byte one of the audiences that the route takes from this issuer. An opaque token that names none counts as
// for its own client: it passes where the route or bearer.audiences list that client's id, and, on routes without
// audiences of their own, if it is logto.app_id. So an opaque token of another application passes nowhere by accident.
[[nodiscard]] bool access_token_is_for(const AccessToken& token, const RouteSettings& route, const Settings& settings);

// Space-separated scope tokens (RFC 6749 3.3); nullopt for what is none.
[[nodiscard]] std::optional<std::vector<std::string>> parse_scope(std::string_view text);

}  // namespace lp
