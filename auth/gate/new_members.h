#pragma once
#include <cstdint>

#include "auth/visit/visit.h"

namespace lp {

// Whoever was invited to an organization a moment ago belongs to it at Logto, and their session does not know it. Once
// in this time a session whose person is refused for that, or chooses among their organizations, asks Logto first.
inline constexpr std::int64_t kMembershipIsOldS = 60;

// True where that is due: a refresh goes before the judgement.
[[nodiscard]] bool may_have_joined(const Visit& visit);

}  // namespace lp
