#include "auth/rules/patreon.h"

#include <doctest/doctest.h>

#include "auth/rules/authorize.h"
#include "tests/support/requirements.h"

using namespace lp;

namespace {

constexpr std::int64_t kNowMs = 1'795'317'047'000;

PatreonStanding member_of(std::vector<PatreonMembership> memberships) {
  return {PatreonStanding::Kind::known, kNowMs, std::move(memberships)};
}

const PatreonStanding kGold =
    member_of({{"100", "active_patron", 500, {{"7", "Gold"}}}, {"200", "former_patron", 0, {{"9", "Old"}}}});

Requirement rule(PatreonTest test) {
  Requirement made;
  made.kind = Requirement::Kind::patreon;
  made.patreon = std::move(test);
  return made;
}

}  // namespace

TEST_CASE("a rule on a membership") {
  struct Case {
    const char* what;
    PatreonTest test;
    bool holds;
  };
  const Case cases[] = {
      {"any active member of the campaign", {"100", {}, true, 0}, true},
      {"by the tier's title", {"100", {"Gold"}, true, 0}, true},
      {"by the tier's id", {"100", {"7"}, true, 0}, true},
      {"by one of several", {"100", {"Silver", "Gold"}, true, 0}, true},
      {"titles byte by byte", {"100", {"gold"}, true, 0}, false},
      {"another tier", {"100", {"Silver"}, true, 0}, false},
      {"the tier of another campaign", {"200", {"Gold"}, false, 0}, false},
      {"another campaign", {"300", {}, false, 0}, false},
      {"enough cents", {"100", {}, true, 500}, true},
      {"too few cents", {"100", {}, true, 501}, false},
      {"a former patron is not active", {"200", {}, true, 0}, false},
      {"a former patron where that is enough", {"200", {}, false, 0}, true},
      {"a former patron who is entitled still", {"200", {"Old"}, false, 0}, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(patreon_holds(c.test, &kGold) == c.holds);
    CHECK_FALSE(patreon_holds(c.test, nullptr));
  }
  PatreonStanding none = kGold;
  none.kind = PatreonStanding::Kind::no_account;
  CHECK_FALSE(patreon_holds({"100", {}, false, 0}, &none));
}

TEST_CASE("a tier without a title is met by its id alone") {
  const PatreonStanding untitled = member_of({{"100", "active_patron", 1, {{"7", ""}}}});
  CHECK(patreon_holds({"100", {"7"}, true, 0}, &untitled));
  CHECK_FALSE(patreon_holds({"100", {""}, true, 0}, &untitled));
}

TEST_CASE("how a rule and what decided it read in the log") {
  CHECK(describe_patreon({"100", {}, true, 0}, true) == "an active Patreon membership of campaign 100");
  CHECK(describe_patreon({"100", {}, false, 0}, true) == "a Patreon membership of campaign 100");
  CHECK(describe_patreon({"100", {"Gold"}, true, 500}, true) ==
        "the Patreon tier Gold of campaign 100 for 500 cents or more");
  CHECK(describe_patreon({"100", {}, true, 500}, false) ==
        "an active Patreon membership of campaign 100 with a larger pledge");
  CHECK(describe_patreon({"100", {"Gold", "8"}, true, 0}, true) == "one of the Patreon tiers Gold, 8 of campaign 100");
  CHECK(seen_at_patreon({"100", {}, true, 0}, &kGold) == "campaign 100: active_patron, 500 cents, tiers Gold (id 7)");
  CHECK(seen_at_patreon({"300", {}, true, 0}, &kGold) == "no membership of campaign 300");
  CHECK(seen_at_patreon({"300", {}, true, 0}, nullptr) == "nothing known of Patreon");
}

TEST_CASE("for how long Patreon's word counts") {
  PatreonSettings settings;
  settings.recheck_ms = kHour;
  settings.hold_when_away_ms = 2 * kHour;
  struct Case {
    const char* what;
    std::int64_t checked_ago_ms;
    std::int64_t signed_in_ago_ms;
    bool is_refused;
    bool is_fresh;
    bool may_be_held;
  };
  const Case cases[] = {
      {"just heard", 0, kHour, false, true, true},
      {"within the interval", kHour - 1, 5 * kHour, false, true, true},
      {"due", kHour, 5 * kHour, false, false, true},
      {"held to the end", 3 * kHour - 1, 5 * kHour, false, false, true},
      {"held too long", 3 * kHour, 5 * kHour, false, false, false},
      {"who is refused may just have paid", kMinute, 5 * kHour, true, false, true},
      {"but not every second", kMinute - 1, 5 * kHour, true, true, true},
      {"heard before they signed in anew", kMinute, kMinute - 1, false, false, true},
      {"a clock that was put back", -1, kHour, false, false, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    PatreonStanding standing = kGold;
    standing.checked_at_ms = kNowMs - c.checked_ago_ms;
    const PatreonFreshness fresh =
        patreon_freshness(&standing, kNowMs - c.signed_in_ago_ms, c.is_refused, settings, kNowMs);
    CHECK(fresh.is_fresh == c.is_fresh);
    CHECK(fresh.may_be_held == c.may_be_held);
  }
  CHECK_FALSE(patreon_freshness(nullptr, 0, false, settings, kNowMs).may_be_held);
  PatreonStanding none{PatreonStanding::Kind::no_account, kNowMs - kMinute, {}};
  CHECK_FALSE(patreon_freshness(&none, kNowMs, true, settings, kNowMs).may_be_held);
}

TEST_CASE("who passes without a membership need not wait for Patreon, unless one could refuse them") {
  RouteSettings route;
  const Requirement member = rule({"100", {}, true, 0});
  route.require.children = {group_requirement(Requirement::Kind::any, {roles_requirement({"admin"}), member})};
  CHECK_FALSE(patreon_may_refuse(route));
  route.require.children = {group_requirement(Requirement::Kind::none, {member})};
  CHECK(patreon_may_refuse(route));
  route.require.children = {};
  route.deny.kind = Requirement::Kind::any;
  route.deny.children = {member};
  CHECK(patreon_may_refuse(route));
}
