#pragma once
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "auth/oidc/patreon.h"

// What is known of a person at Patreon, as a member of what we seal, and what of it is told. Pure.
namespace lp {

[[nodiscard]] nlohmann::json patreon_member(const PatreonStanding& standing);
// nullopt for anything but exactly what patreon_member() makes.
[[nodiscard]] std::optional<PatreonStanding> take_patreon_member(const nlohmann::json& member);

// Of the first of these campaigns in which they are active, else of the first in which they are anything; null: of
// none.
[[nodiscard]] const PatreonMembership* membership_to_tell(const PatreonStanding& standing,
                                                          const std::vector<std::string>& campaigns);

}  // namespace lp
