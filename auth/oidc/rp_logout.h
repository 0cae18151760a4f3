#pragma once
#include <string>
#include <string_view>

#include "auth/oidc/discovery.h"

namespace lp {

// RP-Initiated Logout 1.0, section 2: where the browser goes to end Logto's session, with client_id and
// post_logout_redirect_uri. No id_token_hint: Logto answers 400 JSON to the browser when the key that signed it is
// gone. Empty when the provider names no end-session endpoint: then only the local session ends. Pure.
[[nodiscard]] std::string rp_logout_url(const ProviderMetadata& metadata, std::string_view client_id,
                                        std::string_view post_logout_redirect_uri);

}  // namespace lp
