#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "auth/oidc/app_token.h"
#include "auth/oidc/token_endpoint.h"
#include "base/result.h"

// The access token in an answer to a refresh for one audience. Pure.
namespace lp {

// Whether it may be passed on: a JWT access token (RFC 9068 2) that says it is for this audience and this subject. Its
// signature is for the app to verify; what must not happen is that an app gets a token that is good elsewhere, such as
// the opaque one that opens Logto's own endpoints. `early_ms`: how long before its end it is renewed, at most half of
// its life.
[[nodiscard]] Result<AppToken> judge_app_token(const TokenSet& tokens, const TokenAudience& audience,
                                               std::string_view sub, std::int64_t early_ms, std::int64_t now_s);

// The opaque one of a plain refresh, for ourselves to show to Logto's Account API; nullopt: none that could be sent.
[[nodiscard]] std::optional<AppToken> account_token_of(const TokenSet& tokens, std::int64_t early_ms,
                                                       std::int64_t now_s);

// Of a token that ends at `expires_at_s`, see above.
[[nodiscard]] std::int64_t renew_at_s(std::int64_t expires_at_s, std::int64_t early_ms, std::int64_t now_s);

}  // namespace lp
