#include "auth/rules/explain_requirement.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "auth/rules/role_access.h"
#include "tests/support/requirements.h"

using namespace lp;
using Kind = Requirement::Kind;
using nlohmann::json;

namespace {

constexpr std::int64_t kNow = 1'000'000;

Requirement max_age(std::int64_t seconds) {
  Requirement made;
  made.kind = Kind::max_age;
  made.max_age_s = seconds;
  return made;
}

std::string seen(const Requirement& requirement, const json& claims, std::int64_t authenticated_at_s = 0,
                 const std::vector<std::string>* scopes = nullptr) {
  const Principal who{"alice", &claims, scopes, authenticated_at_s};
  const ExplainedRequirement explained = explain_requirement(requirement, who, kNow);
  CHECK(explained.holds == holds(requirement, who, kNow));
  return (explained.holds ? "yes " : "no ") + explained.seen;
}

}  // namespace

TEST_CASE("a leaf says what decided it") {
  const Requirement admin = roles_requirement({"admin"});
  CHECK(seen(admin, {{"roles", {"editor", "admin"}}}) == "yes roles: [\"editor\",\"admin\"]");
  CHECK(seen(admin, {{"roles", "admin"}}) == "no roles: \"admin\"");
  CHECK(seen(admin, json::object()) == "no no claim roles");
  CHECK(seen(admin, {{"roles", nullptr}}) == "no no claim roles");
  CHECK(seen(social_requirement({"patreon"}), {{"identities", {"patreon"}}}) == "yes identities: [\"patreon\"]");
  CHECK(seen(claim_requirement("a.b", ClaimTest::Kind::equals, {"7"}), {{"a", {{"b", 7}}}}) == "yes a.b: 7");
  CHECK(seen(claim_requirement("sub", ClaimTest::Kind::equals, {"alice"}), json::object()) == "yes sub: \"alice\"");
  CHECK(seen(list_requirement(Kind::email, {"a@x.example"}), {{"email", "b@x.example"}}) ==
        "no email: \"b@x.example\"");
  CHECK(seen(max_age(60), json::object()) == "no Logto did not say when (no auth_time)");
  CHECK(seen(max_age(60), json::object(), kNow - 60) == "yes signed in 60 s ago");
  CHECK(seen(max_age(60), json::object(), kNow - 61) == "no signed in 61 s ago");
  const std::vector<std::string> scopes = {"read", "write"};
  CHECK(seen(list_requirement(Kind::scopes, {"write"}), json::object()) == "no no access token, so no scopes");
  CHECK(seen(list_requirement(Kind::scopes, {"write"}), json::object(), 0, &scopes) == "yes scopes: read write");
}

TEST_CASE("what was seen is bounded and printable") {
  const std::string text = seen(roles_requirement({"admin"}), {{"roles", {std::string(100'000, 'x')}}});
  CHECK(text.size() < 300);
  CHECK(text.ends_with("..."));
  CHECK(seen(roles_requirement({"admin"}), {{"roles", {"a\r\nb\xff"}}}).find_first_of("\r\n\xff") == std::string::npos);
}

TEST_CASE("a tree keeps its form, with a verdict for each node") {
  const Requirement tree = all_requirement(
      {group_requirement(Kind::any, {roles_requirement({"admin"}), roles_requirement({"editor"})}),
       group_requirement(Kind::none, {claim_requirement("banned", ClaimTest::Kind::equals, {"true"})})});
  const json claims = {{"roles", {"editor"}}, {"banned", true}};
  const Principal who{"alice", &claims, nullptr, 0};
  const ExplainedRequirement explained = explain_requirement(tree, who, kNow);
  CHECK_FALSE(explained.holds);
  REQUIRE(explained.children.size() == 2);
  const ExplainedRequirement& any = explained.children[0];
  CHECK(requirement_heading(*any.requirement) == "any of");
  CHECK(any.holds);
  CHECK(any.seen.empty());
  CHECK_FALSE(any.children[0].holds);
  CHECK(any.children[1].holds);
  CHECK_FALSE(explained.children[1].holds);
  CHECK(explained.children[1].children[0].holds);
}

TEST_CASE("roles alone decide, or they don't") {
  const Requirement admin = roles_requirement({"admin"});
  const Requirement banned = roles_requirement({"banned"});
  const Requirement member = social_requirement({"patreon"});
  using A = RoleAccess;
  struct Case {
    const char* what;
    Access access;
    std::vector<Requirement> require;
    std::vector<Requirement> deny;
    A nobody_special, as_admin, as_banned;
  };
  const Case cases[] = {
      {"no rules", Access::signed_in, {}, {}, A::yes, A::yes, A::yes},
      {"closed", Access::deny, {}, {}, A::no, A::no, A::no},
      {"a role", Access::signed_in, {admin}, {}, A::no, A::yes, A::no},
      {"not a role", Access::signed_in, {group_requirement(Kind::none, {banned})}, {}, A::yes, A::yes, A::no},
      {"a denied role", Access::signed_in, {}, {banned}, A::yes, A::yes, A::no},
      {"more than roles", Access::signed_in, {admin, member}, {}, A::no, A::depends, A::no},
      {"a role or more",
       Access::signed_in,
       {group_requirement(Kind::any, {admin, member})},
       {},
       A::depends,
       A::yes,
       A::depends},
      {"denied by more", Access::signed_in, {admin}, {member}, A::no, A::depends, A::no},
      {"not more",
       Access::signed_in,
       {group_requirement(Kind::none, {member})},
       {},
       A::depends,
       A::depends,
       A::depends},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    RouteSettings route;
    route.access = c.access;
    route.require = all_requirement(c.require);
    route.deny = group_requirement(Kind::any, c.deny);
    CHECK(access_of_role(route, "") == c.nobody_special);
    CHECK(access_of_role(route, "admin") == c.as_admin);
    CHECK(access_of_role(route, "banned") == c.as_banned);
  }
}

TEST_CASE("roles and other rules are collected from require and deny") {
  Settings settings;
  RouteSettings& route = settings.routes.emplace_back();
  route.require = all_requirement({group_requirement(Kind::any, {roles_requirement({"b", "a"}), max_age(60)})});
  route.deny = group_requirement(Kind::any, {roles_requirement({"c", "a"}), social_requirement({"x"})});
  CHECK(roles_in_rules(settings) == std::vector<std::string>{"a", "b", "c"});
  CHECK(rules_beyond_roles(route) ==
        std::vector<std::string>{"a sign-in at most 60 s ago", "deny: a linked x account"});
}
