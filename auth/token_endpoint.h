#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/backchannel.h"
#include "auth/client_auth.h"
#include "auth/end_session.h"
#include "auth/oidc_discovery.h"
#include "auth/pending_sign_in.h"
#include "auth/revocation.h"
#include "auth/userinfo.h"
#include "base/result.h"
#include "base/secret.h"
#include "config/settings.h"

// The token endpoint (RFC 6749 4.1.3, 5; OIDC Core 3.1.3): build the request, judge the reply, apart. Pure.
namespace lp {

[[nodiscard]] BackchannelRequest code_exchange_request(const ProviderMetadata& metadata, const LogtoSettings& logto,
                                                       const Secret& client_secret, std::string_view code,
                                                       const PendingSignIn& pending);
// RFC 6749 6. Neither scope nor resource: what was granted is asked for again, and an ID token comes with it.
[[nodiscard]] BackchannelRequest refresh_request(const ProviderMetadata& metadata, const LogtoSettings& logto,
                                                 const Secret& client_secret, const Secret& refresh_token);
struct TokenSet {
  Secret id_token;
  Secret access_token;
  Secret refresh_token;           // empty: none
  std::int64_t expires_in_s = 0;  // of the access token; 0: not said
};
// What went wrong, typed: the operator's fault is not the user's.
struct TokenError {
  enum class Kind { invalid_grant, access_denied, client_credentials, provider_unavailable, protocol };
  Kind kind = Kind::protocol;
  std::string message;  // may quote the provider's error and its description, never a token
};
[[nodiscard]] Result<TokenSet, TokenError> judge_token_reply(const BackchannelReply& reply);

// 5xx, 429 and 408: somebody in front of Logto, or Logto itself, cannot answer now; trying later may help.
[[nodiscard]] bool says_unavailable(int status);

}  // namespace lp
