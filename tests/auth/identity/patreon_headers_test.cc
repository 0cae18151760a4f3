#include "auth/identity/patreon_headers.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "auth/identity/app_headers.h"
#include "auth/identity/identity_headers.h"
#include "auth/oidc/patreon.h"
#include "config/patreon_rules.h"

using namespace lp;

namespace {

RouteSettings route_for(const std::vector<std::string>& campaigns) {
  RouteSettings route;
  for (const std::string& campaign : campaigns) {
    Requirement rule;
    rule.kind = Requirement::Kind::patreon;
    rule.patreon.campaign = campaign;
    route.require.children.push_back(rule);
  }
  return route;
}

// "X-Patreon-Cents: 500;..." of what is there.
std::string told(const std::vector<std::string>& campaigns, const PatreonStanding* standing) {
  std::string text;
  for (const IdentityHeaderSettings& header : patreon_headers(route_for(campaigns))) {
    const std::string value = header_value(patreon_claim(header, standing), header.encoding);
    if (!value.empty()) text += header.header.substr(10) + "=" + value + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("what apps are told of a membership") {
  const PatreonStanding standing{
      PatreonStanding::Kind::known,
      1,
      {{"100", "active_patron", 500, {{"7", "Gold, old"}, {"8", "金"}, {"9", ""}}}, {"200", "", 0, {}}}};
  CHECK(told({"100"}, &standing) ==
        "Campaign=100 Tier=Gold%2C%20old,%E9%87%91 Tier-Id=7,8,9 Cents=500 Status=active_patron ");
  CHECK(told({"200"}, &standing) == "Campaign=200 Cents=0 Status=none ");
  CHECK(told({"300"}, &standing).empty());
  CHECK(told({"100"}, nullptr).empty());
  CHECK(told({}, &standing).empty());
}

TEST_CASE("of several campaigns that in which they are active is told, else the first") {
  const PatreonStanding standing{
      PatreonStanding::Kind::known, 1, {{"100", "former_patron", 0, {}}, {"200", "active_patron", 300, {}}}};
  CHECK(told({"100", "200"}, &standing).starts_with("Campaign=200 "));
  CHECK(told({"100", "300"}, &standing).starts_with("Campaign=100 "));
}

TEST_CASE("a signed assertion says so too") {
  const PatreonStanding standing{PatreonStanding::Kind::known, 1, {{"100", "active_patron", 500, {{"7", "Gold"}}}}};
  HeaderSet set;
  set.headers = patreon_headers(route_for({"100"}));
  const nlohmann::json claims = nlohmann::json::object();
  const nlohmann::json told = {{"patreon_campaign", "100"},
                               {"patreon_tier", {"Gold"}},
                               {"patreon_tier_id", {"7"}},
                               {"patreon_cents", 500},
                               {"patreon_status", "active_patron"}};
  CHECK(assertion_claims(set, {claims, "u1", &standing}) == told);
  CHECK(assertion_claims(set, {claims, "u1"}).empty());
}
