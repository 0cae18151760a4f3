#pragma once
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "auth/oidc/patreon.h"
#include "base/result.h"

namespace lp {

// What operators write of a person at Patreon, in place of Patreon's word: null, no account there; else a list of
// memberships, {"campaign": "123", "status": "active_patron", "cents": 500, "tiers": ["Gold", {"id": "7", "title":
// "Silver"}]}, or one of them. A campaign must be there; the others are active_patron, 0 and none. Pure.
[[nodiscard]] Result<std::shared_ptr<const PatreonStanding>> patreon_of_person(const nlohmann::json& written,
                                                                               std::int64_t now_s);

}  // namespace lp
