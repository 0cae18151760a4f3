#pragma once
#include <string>

#include "config/settings.h"

namespace lp {

struct PatreonStanding;  // auth/oidc/patreon.h

// The value of a field of config/patreon_rules.h, as in `header.claim`: campaign, tier and tier_id (lists, each item
// percent-encoded but for visible ASCII, with a comma between them), cents, status ("none" for whoever has never paid).
// Empty, so that there is no field: no membership of the campaigns in `header.constant`. `standing` may be null. Pure.
[[nodiscard]] std::string patreon_value(const IdentityHeaderSettings& header, const PatreonStanding* standing);

}  // namespace lp
