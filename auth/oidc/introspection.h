#pragma once
#include <cstdint>
#include <string>

#include "auth/oidc/access_token.h"
#include "auth/oidc/access_token_failure.h"
#include "auth/oidc/discovery.h"
#include "auth/oidc/provider_call.h"
#include "base/result.h"
#include "base/secret.h"
#include "config/settings.h"

// Opaque access tokens: Logto says what they are (RFC 7662). Build the request, judge the reply, apart. Pure.
namespace lp {

// `metadata` must name an introspection endpoint.
[[nodiscard]] ProviderRequest introspection_request(const ProviderMetadata& metadata, const LogtoSettings& logto,
                                                    const Secret& client_secret, const Secret& token);
// The rule of a rejection is "inactive" or one of read_introspected_token(). A reply that is no answer to the question
// says nothing of the token: unavailable. The token is trusted for bearer.introspection_cache, never beyond its exp.
[[nodiscard]] Result<AccessToken, AccessTokenFailure> judge_introspection(const ProviderReply& reply,
                                                                          const Settings& settings, std::int64_t now_s);

}  // namespace lp
