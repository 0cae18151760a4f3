#include <doctest/doctest.h>

#include "config/file/load.h"
#include "config/file/print.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

std::string with_route(const std::string& keys, bool trust_email = false) {
  std::map<std::string, std::string> sections{{"routes", "routes:\n  - { path: /*, upstream: wiki, " + keys + " }\n"}};
  if (trust_email) {
    sections["logto"] =
        "logto: { endpoint: https://t.logto.app, app_id: app, app_secret: s3cret, trust_email: true }\n";
  }
  return good_config(sections);
}

std::shared_ptr<const Settings> loaded(const std::string& text) {
  INFO(problems_of(text));
  const auto config = parse_config(text, "f", usual_environment());
  REQUIRE(config.ok());
  return config->settings;
}

}  // namespace

TEST_CASE("rules read as a tree, and print as they read") {
  const std::string rules =
      "require: { roles: admin, any: [{ organizations: [o1] }, { claims: { custom_data.tier: { one_of: [gold, 2] } }, "
      "social: patreon }], not: { claims: { x: { contains: y }, z: { regex: \"a+\" }, w: { exists: true } } }, "
      "max_age: 15m, organization_roles: \"o1:owner\" }, deny: { roles: [banned], claims: { blocked: true } }";
  const auto settings = loaded(with_route(rules));
  const RouteSettings& route = settings->routes[0];
  using Kind = Requirement::Kind;
  REQUIRE(route.require.children.size() == 5);
  CHECK(route.require.kind == Kind::all);
  CHECK(route.require.children[0].kind == Kind::roles);
  const Requirement& any = route.require.children[1];
  REQUIRE(any.children.size() == 2);
  CHECK(any.children[0].kind == Kind::organizations);
  REQUIRE(any.children[1].children.size() == 2);
  CHECK(any.children[1].children[0].test.values == std::vector<std::string>{"gold", "2"});
  const Requirement& none = route.require.children[2];
  CHECK(none.kind == Kind::none);
  REQUIRE(none.children.size() == 1);
  CHECK(none.children[0].children.size() == 3);
  CHECK(route.require.children[3].max_age_s == 900);
  CHECK(route.deny.kind == Kind::any);
  CHECK(route.deny.children.size() == 2);
  const std::string printed = print_config(*settings);
  for (const char* line : {"one_of: [gold, 2]", "regex: a+", "exists: true", "max_age: 15m", "blocked:", "o1:owner"}) {
    CAPTURE(printed);
    CHECK(printed.find(line) != std::string::npos);
  }
}

TEST_CASE("rules on memberships at Patreon read and print") {
  const std::string logto =
      "logto: { endpoint: https://t.logto.app, app_id: app, app_secret: s3cret, refresh: offline_access, "
      "scopes: [profile, identities] }\n";
  const std::string route =
      "routes:\n  - { path: /*, upstream: wiki, require: { any: [{ patreon: { campaign: 123, tier: [Gold, 7], "
      "min_cents: 500 } }, { patreon: { campaign: \"9\", active: false } }] } }\n";
  const std::string more = "patreon: { recheck: 10m, hold_when_away: 1d, pages: { 123: https://www.patreon.com/x } }\n";
  const auto settings = loaded(good_config({{"logto", logto}, {"routes", route}, {"zpatreon", more}}));
  const Requirement& any = settings->routes[0].require.children.at(0);
  CHECK(any.children.at(0).patreon == PatreonTest{"123", {"Gold", "7"}, true, 500});
  CHECK(any.children.at(1).patreon == PatreonTest{"9", {}, false, 0});
  CHECK(settings->patreon.recheck_ms == 10 * kMinute);
  CHECK(settings->patreon.pages.at("123") == "https://www.patreon.com/x");
  const std::string printed = print_config(*settings);
  CAPTURE(printed);
  for (const char* line : {"campaign: 123", "tier: [Gold, 7]", "min_cents: 500", "recheck: 10m"}) {
    CAPTURE(line);
    CHECK(printed.find(line) != std::string::npos);
  }
}

TEST_CASE("a rule that cannot mean anything refuses to start, by name") {
  const struct {
    const char* what;
    const char* keys;
    const char* problem;
  } cases[] = {
      {"an unknown rule", "require: { role: [a] }", "routes[1].require.role: unknown rule, did you mean 'roles'?"},
      {"an unknown operator", "require: { claims: { a: { like: b } } }",
       "routes[1].require.claims.a.like: unknown operator; known: equals, one_of, contains, regex, exists"},
      {"a bad pattern", "require: { claims: { a: { regex: \"(\" } } }",
       "routes[1].require.claims.a.regex: expected a pattern in RE2's syntax: missing ): ("},
      {"an empty group", "require: { any: [] }",
       "routes[1].require.any: expected a list of maps of rules, found a list"},
      {"an empty map in a group", "require: { any: [{}] }",
       "routes[1].require.any[1]: expected a map of rules, found nothing: everybody would meet it"},
      {"no domain", "require: { email_domain: \"@x\" }",
       "routes[1].require.email_domain: expected a domain such as example.com, without '@', found '@x'"},
      {"a rule on e-mail without trust", "require: { email_domain: example.com }",
       "routes[1].require: a rule on e-mail needs logto.trust_email: true: Logto does not verify every address that it "
       "tells"},
      {"a membership of no campaign", "require: { patreon: { tier: Gold } }",
       "routes[1].require.patreon: expected campaign: without it any creator's tier of that name would do"},
      {"a campaign by its name", "require: { patreon: { campaign: wiki } }",
       "routes[1].require.patreon.campaign: expected the id of a campaign at Patreon, which is a number, found 'wiki'"},
      {"a misspelt key of it", "require: { patreon: { campaign: 1, tiers: [Gold] } }",
       "routes[1].require.patreon.tiers: unknown key; known: campaign, tier, active, min_cents"},
      {"scopes without tokens", "require: { scopes: [read] }",
       "routes[1].require: scopes never hold here: they need accept: [bearer], or a token for the app"},
      {"a short age", "require: { max_age: 10ms }", "routes[1].require.max_age: expected a duration from 1s to 400d"},
      {"an empty deny", "deny: {}",
       "routes[1].deny: expected a map of rules such as roles: [admin], found nothing: everybody would meet it"},
      {"an organization role without organization", "require: { organization_roles: [owner] }",
       "routes[1].require: organization_roles: a role without its organization is one in that of the route"},
      {"a parameter that is an array", "query: { \"a[]\": x }",
       "routes[1].query.a[]: expected the plain name of a query parameter, found 'a[]'"},
      {"a bad network", "networks: [10.0.0.1/8]", "routes[1].networks: expected"},
      {"client certificates", "require: { client_certificate: true }",
       "routes[1].require: client_certificate: no listener asks for client certificates"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.what);
    const std::string problem = first_line(problems_of(with_route(one.keys)));
    CAPTURE(problem);
    CHECK(problem.find(one.problem) != std::string::npos);
  }
}

TEST_CASE("the scope of a claim that a rule needs is asked for") {
  const auto settings = loaded(
      with_route("require: { claims: { custom_data.tier: gold }, organizations: [o], patreon: { campaign: 1 } }"));
  const auto& scopes = settings->logto.scopes;
  for (const char* scope : {"custom_data", "urn:logto:scope:organizations", "identities"}) {
    CHECK(std::find(scopes.begin(), scopes.end(), scope) != scopes.end());
  }
}
