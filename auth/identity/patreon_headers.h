#pragma once
#include <nlohmann/json_fwd.hpp>

#include "config/settings.h"

namespace lp {

struct PatreonStanding;  // auth/oidc/patreon.h

// What a field of config/patreon_rules.h tells, as in `header.claim`: campaign, tier and tier_id (lists), cents (a
// number), status ("none" for whoever has never paid). Null, so that there is no field: no membership of the campaigns
// in `header.constant`. `standing` may be null. Pure.
[[nodiscard]] nlohmann::json patreon_claim(const IdentityHeaderSettings& header, const PatreonStanding* standing);

}  // namespace lp
