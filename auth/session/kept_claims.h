#pragma once
#include <nlohmann/json_fwd.hpp>

#include "config/settings.h"

// Which claims go into a session: a cookie has little room, and what is not stored cannot leak. Pure.
namespace lp {

// Only the claims that `settings` needs: identity headers, requirements of routes (roles, identities reduced to their
// targets and to the leaves that are named, organization_data to names by id), and name, username and email, where
// short, for our pages. Nulls are dropped. The ID token's word goes before userinfo's. What is too much for cookies, or
// the store, is made shorter where it can be: of a list that no header could carry, or is to carry, only the items stay
// that rules name (config/claims.h, is_shortened() in auth/session/claim_path.h), however long it is; of an object only
// the leaves. A session that is still too large is its writer's matter.
[[nodiscard]] nlohmann::json claims_to_keep(const nlohmann::json& id_token_claims,
                                            const nlohmann::json& userinfo_claims, const Settings& settings);
// Userinfo is fetched only when a needed claim cannot be in the ID token (Logto fact 10: identities) or is not there. A
// null in the ID token is an answer: Logto sends null for what a user lacks.
[[nodiscard]] bool needs_userinfo(const nlohmann::json& id_token_claims, const Settings& settings);

}  // namespace lp
