#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "auth/oidc/discovery.h"
#include "auth/oidc/provider_call.h"
#include "base/result.h"
#include "base/secret.h"

// The userinfo endpoint (OIDC Core 5.3). Pure.
namespace lp {

// `metadata` must name a userinfo endpoint.
[[nodiscard]] ProviderRequest userinfo_request(const ProviderMetadata& metadata, const Secret& access_token);
// OIDC Core 5.3.2: sub must equal the ID token's, else the claims are somebody else's.
[[nodiscard]] Result<nlohmann::json> judge_userinfo(const ProviderReply& reply, std::string_view id_token_sub);

}  // namespace lp
