#include "config/route_access.h"

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace lp;
using Kind = Requirement::Kind;

Requirement leaf(Kind kind, std::vector<std::string> any_of) {
  Requirement made;
  made.kind = kind;
  made.any_of = std::move(any_of);
  return made;
}
Requirement roles(std::vector<std::string> any_of) { return leaf(Kind::roles, std::move(any_of)); }
Requirement of(Kind kind, std::vector<Requirement> children) {
  Requirement made;
  made.kind = kind;
  made.children = std::move(children);
  return made;
}
Requirement max_age(std::int64_t seconds) {
  Requirement made;
  made.kind = Kind::max_age;
  made.max_age_s = seconds;
  return made;
}

Requirement patron(PatreonTest test) {
  Requirement made;
  made.kind = Kind::patreon;
  made.patreon = std::move(test);
  return made;
}

RouteSettings with(Access access, std::vector<Requirement> require = {}, std::vector<Requirement> deny = {}) {
  RouteSettings made;
  made.access = access;
  made.require.children = std::move(require);
  made.deny = of(Kind::any, std::move(deny));
  return made;
}
RouteSettings signed_in(std::vector<Requirement> require = {}, std::vector<Requirement> deny = {}) {
  return with(Access::signed_in, std::move(require), std::move(deny));
}

}  // namespace

TEST_CASE("a route admits another's people where it surely lets all of them pass") {
  RouteSettings shadow = signed_in({roles({"admin"})});
  shadow.shadow = true;
  RouteSettings tokens = signed_in();
  tokens.accept = {false, true};
  RouteSettings both = signed_in();
  both.accept = {true, true};
  const auto open = with(Access::public_);
  const auto nobody = with(Access::deny);
  const auto all = signed_in();
  const auto admins = signed_in({roles({"admin"})});
  const auto staff = signed_in({roles({"admin", "staff"})});
  const auto fresh_admins = signed_in({roles({"admin"}), max_age(60)});
  const auto recent_admins = signed_in({roles({"admin"}), max_age(600)});
  const auto not_banned = signed_in({}, {roles({"banned"})});
  const auto not_bad = signed_in({}, {roles({"banned", "guest"})});
  const auto either = signed_in({of(Kind::any, {roles({"admin"}), leaf(Kind::email, {"a@b.test"})})});
  const auto no_guests = signed_in({of(Kind::none, {roles({"guest"})})});
  const auto no_guests_nor_bots = signed_in({of(Kind::none, {roles({"guest"}), roles({"bot"})})});
  const auto members = signed_in({patron({"1", {}, true, 0})});
  const auto gold = signed_in({patron({"1", {"Gold"}, true, 500})});
  const struct {
    const char* says;
    const RouteSettings &wide, &narrow;
    bool admits, admits_back;
  } cases[] = {
      {"members and those of a tier who pay enough", members, gold, true, false},
      {"one tier of two", signed_in({patron({"1", {"Gold", "Silver"}, true, 0})}), gold, true, false},
      {"former patrons and active ones", signed_in({patron({"1", {}, false, 0})}), members, true, false},
      {"members of two campaigns", members, signed_in({patron({"2", {}, true, 0})}), false, false},
      {"itself", admins, admins, true, true},
      {"everybody and the signed in", open, all, true, false},
      {"public and optional", open, with(Access::optional), true, true},
      {"a shadow rule is none", shadow, open, true, true},
      {"nobody is admitted everywhere", admins, nobody, true, false},
      {"all who are signed in and some of them", all, admins, true, false},
      {"one of two roles is enough", staff, admins, true, false},
      {"different roles", admins, signed_in({roles({"staff"})}), false, false},
      {"a further rule", admins, fresh_admins, true, false},
      {"an older sign-in is enough", recent_admins, fresh_admins, true, false},
      {"a rule that refuses", all, not_banned, true, false},
      {"one that refuses more", not_banned, not_bad, true, false},
      {"any of two", either, admins, true, false},
      {"none of two", no_guests, no_guests_nor_bots, true, false},
      {"tokens and sessions", tokens, all, false, false},
      {"both of them", both, all, true, false},
      {"a rule on roles and one on addresses", admins, signed_in({leaf(Kind::email, {"admin"})}), false, false},
  };
  for (const auto& one : cases) {
    CAPTURE(one.says);
    CHECK(admits(one.wide, one.narrow) == one.admits);
    CHECK(admits(one.narrow, one.wide) == one.admits_back);
  }
  RouteSettings other_audience = tokens;
  other_audience.audiences = {"https://other.test"};
  CHECK_FALSE(admits(tokens, other_audience));
}

TEST_CASE("open is a route on which nothing keeps anybody out") {
  CHECK(is_open(with(Access::public_)));
  CHECK(is_open(with(Access::optional)));
  CHECK_FALSE(is_open(signed_in()));
  CHECK_FALSE(is_open(with(Access::deny)));
  CHECK_FALSE(is_open(with(Access::optional, {roles({"admin"})})));
}
