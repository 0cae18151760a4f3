#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/oidc/app_token.h"
#include "auth/oidc/client_auth.h"
#include "auth/oidc/discovery.h"
#include "auth/oidc/pending_sign_in.h"
#include "auth/oidc/provider_call.h"
#include "auth/oidc/rp_logout.h"
#include "auth/oidc/token_revocation.h"
#include "auth/oidc/userinfo.h"
#include "base/result.h"
#include "base/secret.h"
#include "config/settings.h"

// The token endpoint (RFC 6749 4.1.3, 5; OIDC Core 3.1.3): build the request, judge the reply, apart. Pure.
namespace lp {

[[nodiscard]] ProviderRequest code_exchange_request(const ProviderMetadata& metadata, const LogtoSettings& logto,
                                                    const Secret& client_secret, std::string_view code,
                                                    const PendingSignIn& pending);
// RFC 6749 6. `audience` says whom the access token is for (RFC 8707 2.2, and Logto's organization_id); none: an opaque
// one for userinfo, and no scope is sent, so that all is granted again. With an audience scope is that of the sign-in
// (without openid no ID token would come, without the others it would lack their claims), and of the apps' scopes
// those of this audience alone; but for `not_granted`, for whoever asks for more than was granted gets nothing.
[[nodiscard]] ProviderRequest refresh_request(const ProviderMetadata& metadata, const LogtoSettings& logto,
                                              const Secret& client_secret, const Secret& refresh_token,
                                              const TokenAudience& audience = {},
                                              const std::vector<std::string>& not_granted = {});
struct TokenSet {
  Secret id_token;
  Secret access_token;
  Secret refresh_token;           // empty: none
  std::int64_t expires_in_s = 0;  // of the access token; 0: not said
  std::string scope{};            // of the access token; empty: not said
  bool opens_userinfo = true;     // the access token; for us to say, not in the answer
};
// What went wrong, typed: the operator's fault is not the user's.
struct TokenError {
  // not_for_audience: the grant does not cover the resource, the organization or a scope.
  enum class Kind {
    invalid_grant,
    access_denied,
    not_for_audience,
    client_credentials,
    provider_unavailable,
    protocol
  };
  Kind kind = Kind::protocol;
  std::string message;                            // may quote the provider's error and its description, never a token
  std::vector<std::string> scopes_not_granted{};  // of invalid_scope, where Logto says which
};
[[nodiscard]] Result<TokenSet, TokenError> judge_token_reply(const ProviderReply& reply);

// 5xx, 429 and 408: somebody in front of Logto, or Logto itself, cannot answer now; trying later may help.
[[nodiscard]] bool says_unavailable(int status);

}  // namespace lp
