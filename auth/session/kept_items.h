#pragma once
#include <nlohmann/json_fwd.hpp>

#include "config/settings.h"

namespace lp {

// session.claims: of each claim named there only the items that its pattern matches stay, whoever said them. A text is
// a list of one, and goes where it does not match; what is neither has no items and goes too. Pure.
void drop_other_items(nlohmann::json& claims, const SessionSettings& settings);

}  // namespace lp
