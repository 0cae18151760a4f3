#pragma once
#include "auth/oidc/discovery.h"
#include "auth/oidc/provider_call.h"
#include "base/result.h"
#include "base/secret.h"
#include "config/settings.h"

// Token revocation (RFC 7009). Pure. Revoking Logto's refresh token ends the whole grant.
namespace lp {

// `metadata` must name a revocation endpoint.
[[nodiscard]] ProviderRequest token_revocation_request(const ProviderMetadata& metadata, const LogtoSettings& logto,
                                                       const Secret& client_secret, const Secret& refresh_token);
// RFC 7009 2.2: 200, also for a token that was not valid any more.
[[nodiscard]] Result<void> judge_token_revocation(const ProviderReply& reply);

}  // namespace lp
