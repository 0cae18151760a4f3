#include "auth/rules/authorize.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/support/requirements.h"

using namespace lp;
using Verdict = Authorization::Verdict;
using nlohmann::json;

namespace {

RouteSettings route(Access access, std::vector<Requirement> require = {}) {
  RouteSettings made;
  made.access = access;
  made.require = all_requirement(std::move(require));
  return made;
}

Session with_claims(json claims) {
  Session session;
  session.sub = "u";
  session.claims = std::move(claims);
  return session;
}

Authorization judged(const RouteSettings& rule, const Session* session) {
  if (session == nullptr) return authorize(rule, nullptr, 1000);
  const Principal who = principal_of(*session);
  return authorize(rule, &who, 1000);
}

}  // namespace

TEST_CASE("access decides who may pass") {
  const Session somebody = with_claims(json::object());
  struct Case {
    const char* what;
    Access access;
    Verdict signed_out;
    Verdict signed_in;
  };
  const Case cases[] = {{"deny", Access::deny, Verdict::denied, Verdict::denied},
                        {"public", Access::public_, Verdict::pass, Verdict::pass},
                        {"optional", Access::optional, Verdict::pass, Verdict::pass},
                        {"signed in", Access::signed_in, Verdict::sign_in, Verdict::pass}};
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(judged(route(c.access), nullptr).verdict == c.signed_out);
    CHECK(judged(route(c.access), &somebody).verdict == c.signed_in);
  }
}

TEST_CASE("a requirement holds for any one of its names, and all requirements must hold") {
  const RouteSettings admin = route(Access::signed_in, {roles_requirement({"admin", "owner"})});
  const RouteSettings both = route(Access::signed_in, {roles_requirement({"admin"}), social_requirement({"patreon"})});
  struct Case {
    const char* what;
    const RouteSettings* rule;
    json claims;
    Verdict verdict;
    std::size_t missing;
  };
  const Case cases[] = {
      {"the first role", &admin, {{"roles", {"admin"}}}, Verdict::pass, 0},
      {"the second role among others", &admin, {{"roles", {"x", "owner"}}}, Verdict::pass, 0},
      {"no role", &admin, {{"roles", json::array()}}, Verdict::forbidden, 1},
      {"no claim", &admin, json::object(), Verdict::forbidden, 1},
      {"null", &admin, {{"roles", nullptr}}, Verdict::forbidden, 1},
      {"another case (H22)", &admin, {{"roles", {"Admin"}}}, Verdict::forbidden, 1},
      {"a trailing space (H22)", &admin, {{"roles", {"admin "}}}, Verdict::forbidden, 1},
      {"a string instead of a list", &admin, {{"roles", "admin"}}, Verdict::forbidden, 1},
      {"a joined string", &admin, {{"roles", {"admin,owner"}}}, Verdict::forbidden, 1},
      {"an object", &admin, {{"roles", {{"admin", true}}}}, Verdict::forbidden, 1},
      {"a nested list", &admin, {{"roles", json::array({json::array({"admin"})})}}, Verdict::forbidden, 1},
      {"role and account", &both, {{"roles", {"admin"}}, {"identities", {"patreon"}}}, Verdict::pass, 0},
      {"role without account", &both, {{"roles", {"admin"}}}, Verdict::forbidden, 1},
      {"account without role", &both, {{"identities", {"patreon"}}}, Verdict::forbidden, 1},
      {"neither", &both, json::object(), Verdict::forbidden, 2},
      {"identities as Logto sends them",
       &both,
       {{"roles", {"admin"}}, {"identities", {{"patreon", {{"userId", "1"}}}}}},
       Verdict::pass,
       0},
      {"an unlinked identity",
       &both,
       {{"roles", {"admin"}}, {"identities", {{"patreon", nullptr}}}},
       Verdict::forbidden,
       1},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const Session session = with_claims(c.claims);
    const Authorization result = judged(*c.rule, &session);
    CHECK(result.verdict == c.verdict);
    CHECK(result.missing.size() == c.missing);
  }
}

TEST_CASE("a requirement closes even a public route") {
  const Session nobody = with_claims(json::object());
  const RouteSettings rule = route(Access::public_, {roles_requirement({"admin"})});
  CHECK(judged(rule, nullptr).verdict == Verdict::sign_in);
  CHECK(judged(rule, &nobody).verdict == Verdict::forbidden);
}

TEST_CASE("what is missing can be told, and to those refused without values and addresses") {
  const auto told = [](const Requirement& requirement) { return describe_requirement(requirement, Audience::public_); };
  const auto logged = [](const Requirement& r) { return describe_requirement(r, Audience::operators); };
  CHECK(told(roles_requirement({"admin"})) == "role admin");
  CHECK(told(roles_requirement({"admin", "editor"})) == "one of the roles admin, editor");
  CHECK(told(social_requirement({"patreon"})) == "a linked patreon account");
  const Requirement email = list_requirement(Requirement::Kind::email, {"boss@example.com"});
  CHECK(told(email) == "a certain e-mail address");
  CHECK(logged(email) == "e-mail address boss@example.com");
  const Requirement tier = claim_requirement("custom_data.tier", ClaimTest::Kind::equals, {"gold"});
  CHECK(told(tier) == "claim custom_data.tier");
  CHECK(logged(tier) == "claim custom_data.tier = gold");
  const Requirement either = group_requirement(Requirement::Kind::any, {roles_requirement({"a"}), tier});
  CHECK(logged(either) == "(role a or claim custom_data.tier = gold)");
  CHECK(logged(group_requirement(Requirement::Kind::none, {roles_requirement({"a"})})) == "not role a");
}

TEST_CASE("every kind of rule holds for what it names, and for nothing of another type") {
  using Kind = Requirement::Kind;
  const auto claim = claim_requirement;
  const Requirement gold = claim("custom_data.tier", ClaimTest::Kind::equals, {"gold"});
  const Requirement seven = claim("n", ClaimTest::Kind::equals, {"7"});
  const Requirement has_x = claim("list", ClaimTest::Kind::contains, {"x"});
  const Requirement exists = claim("a", ClaimTest::Kind::exists, {});
  const Requirement url = claim("https://example.com/tier", ClaimTest::Kind::equals, {"gold"});
  const Requirement domain = list_requirement(Kind::email_domain, {"Good.test"});
  const Requirement address = list_requirement(Kind::email, {"a@good.test"});
  const Requirement organization = list_requirement(Kind::organizations, {"o1"});
  const Requirement owner = list_requirement(Kind::organization_roles, {"o1:owner"});
  const Requirement sub = claim("sub", ClaimTest::Kind::one_of, {"u", "v"});
  struct Case {
    const char* what;
    const Requirement& rule;
    json claims;
    bool holds;
  };
  const Case cases[] = {
      {"a nested claim", gold, {{"custom_data", {{"tier", "gold"}}}}, true},
      {"a nested claim of another value", gold, {{"custom_data", {{"tier", "Gold"}}}}, false},
      {"a step that is no object", gold, {{"custom_data", "gold"}}, false},
      {"a list where a text is meant", gold, {{"custom_data", {{"tier", {"gold"}}}}}, false},
      {"null", gold, {{"custom_data", {{"tier", nullptr}}}}, false},
      {"a name with dots", url, {{"https://example.com/tier", "gold"}}, true},
      {"a number as a text", seven, {{"n", 7}}, true},
      {"another number", seven, {{"n", 70}}, false},
      {"a list with it", has_x, {{"list", {"w", "x"}}}, true},
      {"a text that contains it is no list", has_x, {{"list", "x"}}, false},
      {"an object", has_x, {{"list", {{"x", true}}}}, false},
      {"there", exists, {{"a", false}}, true},
      {"null is not there", exists, {{"a", nullptr}}, false},
      {"the domain in another case", domain, {{"email", "x@GOOD.test"}}, true},
      {"a subdomain", domain, {{"email", "x@evil.good.test"}}, false},
      {"two at signs", domain, {{"email", "x@evil.test@good.test"}}, false},
      {"a quoted mailbox", domain, {{"email", "\"x@evil.test\"@good.test"}}, false},
      {"a space behind", domain, {{"email", "x@good.test "}}, false},
      {"no mailbox", domain, {{"email", "@good.test"}}, false},
      {"no text", domain, {{"email", 7}}, false},
      {"no address", domain, json::object(), false},
      {"the address", address, {{"email", "a@good.test"}}, true},
      {"the address in another case", address, {{"email", "A@Good.test"}}, true},
      {"another mailbox", address, {{"email", "aa@good.test"}}, false},
      {"a look-alike in another script (H22)", address, {{"email", "\u0430@good.test"}}, false},
      {"the organization", organization, {{"organizations", {"o2", "o1"}}}, true},
      {"another organization", organization, {{"organizations", {"o11"}}}, false},
      {"its role", owner, {{"organization_roles", {"o1:owner"}}}, true},
      {"the role elsewhere", owner, {{"organization_roles", {"o2:owner"}}}, false},
      {"the subject", sub, json::object(), true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const Session session = with_claims(c.claims);
    CHECK(holds(c.rule, principal_of(session), 1000) == c.holds);
  }
}

TEST_CASE("groups nest, deny wins, and a sign-in that is too old asks for a new one") {
  using Kind = Requirement::Kind;
  const Requirement admin = roles_requirement({"admin"});
  const Requirement editor = roles_requirement({"editor"});
  const Session both = with_claims({{"roles", {"admin", "editor"}}});
  const Session one = with_claims({{"roles", {"editor"}}});
  const auto verdict = [](const Requirement& rule, const Session& session) {
    return holds(rule, principal_of(session), 1000);
  };
  CHECK(verdict(group_requirement(Kind::any, {admin, editor}), one));
  CHECK_FALSE(verdict(all_requirement({admin, editor}), one));
  CHECK(verdict(group_requirement(Kind::none, {admin}), one));
  CHECK_FALSE(verdict(group_requirement(Kind::none, {admin, editor}), one));
  CHECK(verdict(all_requirement({}), one));
  CHECK_FALSE(verdict(group_requirement(Kind::any, {}), one));
  RouteSettings rule = route(Access::signed_in, {editor});
  rule.deny = group_requirement(Kind::any, {admin});
  CHECK(judged(rule, &one).verdict == Verdict::pass);
  CHECK(judged(rule, &both).verdict == Verdict::forbidden);
  CHECK(judged(rule, &both).by_deny_rule);
  Requirement recent;
  recent.kind = Kind::max_age;
  recent.max_age_s = 60;
  const RouteSettings fresh = route(Access::signed_in, {editor, recent});
  Session session = one;
  CHECK(judged(fresh, &session).verdict == Verdict::step_up);
  CHECK(judged(fresh, &session).max_age_s == 60);
  session.authenticated_at_s = 939;
  CHECK(judged(fresh, &session).verdict == Verdict::step_up);
  session.authenticated_at_s = 940;
  CHECK(judged(fresh, &session).verdict == Verdict::pass);
  session.claims = json::object();
  session.authenticated_at_s = 0;
  CHECK(judged(fresh, &session).verdict == Verdict::forbidden);
  Requirement sooner = recent;
  sooner.max_age_s = 30;
  const Requirement deep = group_requirement(Kind::any, {editor, group_requirement(Kind::all, {recent, sooner})});
  CHECK(failed_max_age_s(fresh.require, principal_of(session), 1000) == 60);  // though the role is missing too
  CHECK(failed_max_age_s(deep, principal_of(session), 1000) == 30);
  session.authenticated_at_s = 970;
  CHECK_FALSE(failed_max_age_s(deep, principal_of(session), 1000));
  CHECK_FALSE(failed_max_age_s(editor, principal_of(session), 1000));
}
