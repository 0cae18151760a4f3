#pragma once
#include <cstdint>
#include <string>

#include "auth/oidc/patreon.h"
#include "auth/rules/authorize.h"
#include "config/settings.h"

// Rules on memberships at Patreon: `require: { patreon: ... }`. Pure.
namespace lp {

// `standing`: null where Patreon has not been asked, or nobody is signed in. Then nothing holds.
[[nodiscard]] bool patreon_holds(const PatreonTest& test, const PatreonStanding* standing);

// "the Patreon tier Gold of campaign 123 for 500 cents or more"; without `tells_amount`, "with a larger pledge".
[[nodiscard]] std::string describe_patreon(const PatreonTest& test, bool tells_amount);
// What decided it: "campaign 123: active_patron, 500 cents, tiers Gold (id 7)".
[[nodiscard]] std::string seen_at_patreon(const PatreonTest& test, const PatreonStanding* standing);

// Whether what is known of a person may still count at `now_ms`, and whether Patreon is to be asked first.
struct PatreonFreshness {
  bool is_fresh = false;     // counts as it is
  bool may_be_held = false;  // counts where nobody can be asked
};
// `signed_in_at_ms`: what was heard before says nothing against whoever has signed in anew, maybe with Patreon this
// time. `is_refused`: whom the rules refuse by it is asked about again after a minute, for they may just have paid.
[[nodiscard]] PatreonFreshness patreon_freshness(const PatreonStanding* standing, std::int64_t signed_in_at_ms,
                                                 bool is_refused, const PatreonSettings& settings, std::int64_t now_ms);

// Whether the rules refuse for what Patreon has said, or has not: another word of it could let them pass.
[[nodiscard]] bool is_refused_by_patreon(const RouteSettings& route, const Authorization& judged);

// Whether a membership could turn the route's answer from yes to no: `deny`, and what stands below `not:`. Else who
// passes without one need not wait for Patreon.
[[nodiscard]] bool patreon_may_refuse(const RouteSettings& route);

}  // namespace lp
