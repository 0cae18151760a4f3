#include "auth/session/kept_claims.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "auth/session/claim_path.h"
#include "auth/session/kept_items.h"
#include "tests/support/requirements.h"

using namespace lp;
using nlohmann::json;

namespace {

const json kIdToken = json::parse(R"({"sub":"u1","name":"Alice","username":"alice","email":"alice@example.test",
  "picture":null,"zoneinfo":"Europe/London","roles":["editor"],"iss":"x","exp":1})");
const json kUserinfo = json::parse(R"({"sub":"u1","name":"Not her","custom_data":{"plan":"pro"},
  "identities":{"linkedin":{"userId":"1","details":{"rawData":{"big":"profile"}}},"patreon":null}})");

Settings with_social_rule() {
  Settings settings;
  RouteSettings route;
  route.require.children = {social_requirement({"linkedin"})};
  settings.routes.push_back(route);
  return settings;
}

}  // namespace

TEST_CASE("only what headers, rules and pages need is kept, and no null") {
  const json kept = claims_to_keep(kIdToken, json::object(), Settings{});
  CHECK(kept == json::parse(R"({"name":"Alice","username":"alice","email":"alice@example.test","roles":["editor"]})"));
}

TEST_CASE("the ID token's word goes before userinfo's") {
  CHECK(claims_to_keep(kIdToken, kUserinfo, Settings{})["name"] == "Alice");
}

TEST_CASE("identities are reduced to the linked targets") {
  CHECK(claims_to_keep(kIdToken, kUserinfo, with_social_rule())["identities"] == json::array({"linkedin"}));
  CHECK_FALSE(claims_to_keep(kIdToken, kUserinfo, Settings{}).contains("identities"));
}

TEST_CASE("a claim that a header names is kept") {
  Settings settings;
  settings.identity_headers = {{"X-Zone", "zoneinfo", HeaderEncoding::percent}};
  CHECK(claims_to_keep(kIdToken, json::object(), settings)["zoneinfo"] == "Europe/London");
}

TEST_CASE("a header may name what is inside of an identity, and only that is kept") {
  const json userinfo = {{"identities", {{"github", {{"userId", "42"}, {"details", {{"big", "profile"}}}}}}}};
  Settings settings;
  settings.identity_headers = {{"X-GitHub", "identities.github.userId", HeaderEncoding::percent}};
  const json kept = claims_to_keep(json::object(), userinfo, settings);
  CHECK(kept == json{{"identities", {"github"}}, {"identities.github.userId", "42"}});
}

TEST_CASE("presets and routes name claims too") {
  Settings settings;
  settings.identity_headers.clear();
  settings.routes.resize(2);
  settings.routes[0].identity_preset = IdentityPreset::authelia;
  settings.routes[1].identity_headers = {{"X-Zone", "zoneinfo", HeaderEncoding::percent}};
  const json token = {{"roles", {"a"}}, {"zoneinfo", "Europe/London"}, {"other", 1}};
  CHECK(claims_to_keep(token, json::object(), settings) == json{{"roles", {"a"}}, {"zoneinfo", "Europe/London"}});
}

TEST_CASE("userinfo is asked only for what the ID token lacks") {
  CHECK_FALSE(needs_userinfo(kIdToken, Settings{}));
  CHECK(needs_userinfo(kIdToken, with_social_rule()));
  CHECK(needs_userinfo(json::parse(R"({"sub":"u1"})"), Settings{}));
  CHECK_FALSE(needs_userinfo(json::parse(R"({"email":null,"username":null,"roles":[]})"), Settings{}));
}

TEST_CASE("claims of a strange shape harm nothing") {
  CHECK(claims_to_keep(json::array(), json(), with_social_rule()) == json::object());
  CHECK(claims_to_keep(json{{"identities", "linkedin"}}, json(), with_social_rule())["identities"] == json::array());
}

namespace {

json names(int count, const std::string& prefix) {
  json list = json::array();
  for (int i = 0; i < count; ++i) list.push_back(prefix + std::to_string(10'000 + i));
  return list;
}

Settings with_role_rules() {
  Settings settings;
  RouteSettings route;
  route.require.children = {roles_requirement({"admin", "tenant-10007"})};
  settings.routes.push_back(route);
  return settings;
}

}  // namespace

TEST_CASE("of a list that is too long for cookies and headers the items stay that rules name, and it says so") {
  json token = kIdToken;
  token["roles"] = names(1'500, "tenant-");
  token["roles"].push_back("admin");
  const json kept = claims_to_keep(token, json::object(), with_role_rules());
  CHECK(kept["roles"] == json::array({"tenant-10007", "admin"}));
  CHECK(is_shortened(kept, "roles"));
  CHECK_FALSE(is_shortened(kept, "email"));
  CHECK(json::to_cbor(kept).size() < 4096);
}

TEST_CASE("a list stays whole where it fits, where a header carries it, and in a store") {
  struct Row {
    const char* name;
    int roles;
    SessionStore store;
  };
  for (const Row& row : {
           Row{"few", 100, SessionStore::cookie},
           Row{"more than a header holds, but cookies do", 900, SessionStore::cookie},
           Row{"very many in a store", 5'000, SessionStore::redis},
       }) {
    CAPTURE(row.name);
    Settings settings = with_role_rules();
    settings.session.store = row.store;
    json token = kIdToken;
    token["roles"] = names(row.roles, "role-");
    const json kept = claims_to_keep(token, json::object(), settings);
    CHECK(kept["roles"] == token["roles"]);
    CHECK_FALSE(is_shortened(kept, "roles"));
  }
}

TEST_CASE("what no header can do without goes first, what one carries not at all") {
  Settings settings = with_role_rules();
  settings.identity_headers = {{"X-Groups", "groups", HeaderEncoding::percent}};
  json token = kIdToken;
  token["groups"] = names(600, "group-");  // 7 KiB in a header
  token["roles"] = names(600, "role-");
  const json kept = claims_to_keep(token, json::object(), settings);
  CHECK(kept["groups"] == token["groups"]);
  CHECK(kept["roles"] == json::array());
  CHECK(is_shortened(kept, "roles"));
}

TEST_CASE("nobody's token says that a claim is short") {
  json token = kIdToken;
  token[kShortenedClaims] = {"roles"};
  Settings settings;
  settings.identity_headers.push_back({"X-Odd", kShortenedClaims, HeaderEncoding::percent});
  CHECK_FALSE(claims_to_keep(token, json::object(), settings).contains(kShortenedClaims));
}

TEST_CASE("no list is too long to be made shorter") {
  json token = kIdToken;
  token["roles"] = names(30'000, "tenant-");
  token["roles"].push_back("admin");
  Settings settings = with_role_rules();
  SUBCASE("for cookies") {}
  SUBCASE("for a store") { settings.session.store = SessionStore::redis; }
  const json kept = claims_to_keep(token, json::object(), settings);
  CHECK(kept["roles"] == json::array({"tenant-10007", "admin"}));
  CHECK(is_shortened(kept, "roles"));
}

TEST_CASE("of an object that is too large only the leaves stay that somebody asks for, lists among them shortened") {
  Settings settings;
  settings.identity_headers.push_back({"X-Tier", "custom_data.tier", HeaderEncoding::percent});
  json token = kIdToken;
  token["custom_data"] = {{"tier", "gold"}, {"notes", std::string(20'000, 'n')}};
  json kept = claims_to_keep(token, json::object(), settings);
  CHECK_FALSE(kept.contains("custom_data"));
  REQUIRE(find_claim(kept, "custom_data.tier") != nullptr);
  CHECK(*find_claim(kept, "custom_data.tier") == "gold");
  token["custom_data"]["tier"] = names(3'000, "tier-");
  kept = claims_to_keep(token, json::object(), settings);
  CHECK(*find_claim(kept, "custom_data.tier") == json::array());
  CHECK(is_shortened(kept, "custom_data.tier"));
}

namespace {

SessionSettings keeping(const std::string& claim, const std::string& pattern) {
  SessionSettings settings;
  settings.kept_items[claim] = TextPattern::parse("~ " + pattern).value();
  return settings;
}

}  // namespace

TEST_CASE("of a claim with a pattern only what it matches as a whole is kept") {
  Settings settings;
  settings.session = keeping("roles", "app-.*");
  const json token = {{"sub", "u"}, {"roles", {"app-admin", "hr", "xapp-y", "app-\nz", "app-"}}};
  CHECK(claims_to_keep(token, json::object(), settings)["roles"] == json{"app-admin", "app-"});
  settings.session = keeping("roles", "app-a|hr");
  CHECK(claims_to_keep(token, json::object(), settings)["roles"] == json{"hr"});
}

TEST_CASE("whoever says a claim, and in whatever form, nothing else of it stays") {
  struct Row {
    const char* what;
    json claims;
    json left;
  };
  const Row rows[] = {
      {"a list", {{"roles", {"app-x", "y"}}}, {{"roles", {"app-x"}}}},
      {"nothing matches: an empty list", {{"roles", {"y"}}}, {{"roles", json::array()}}},
      {"a text that matches", {{"roles", "app-x"}}, {{"roles", "app-x"}}},
      {"a text that does not", {{"roles", "y"}}, json::object()},
      {"a list of other things",
       {{"roles", {1, true, nullptr, json{{"a", "app-x"}}, "app-x"}}},
       {{"roles", {"app-x"}}}},
      {"an object", {{"roles", {{"app-x", true}}}}, json::object()},
      {"a number", {{"roles", 7}}, json::object()},
      {"another claim", {{"groups", {"y"}}}, {{"groups", {"y"}}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    json claims = row.claims;
    drop_other_items(claims, keeping("roles", "app-.*"));
    CHECK(claims == row.left);
  }
}

TEST_CASE("of what is inside of a social account only the texts that are named are kept, and no profile") {
  const json userinfo = {
      {"identities",
       {{"linkedin",
         {{"userId", "li-1"},
          {"details", {{"email", "lin@example.test"}, {"rawData", {{"big", std::string(5000, 'x')}}}}}}},
        {"patreon", nullptr}}}};
  Settings settings;
  settings.identity_headers = {{"X-Id", "identities.linkedin.userId", HeaderEncoding::percent},
                               {"X-Mail", "identities.linkedin.details.email", HeaderEncoding::percent},
                               {"X-All", "identities.linkedin.details", HeaderEncoding::percent},
                               {"X-None", "identities.patreon.userId", HeaderEncoding::percent}};
  const json kept = claims_to_keep(json::object(), userinfo, settings);
  CHECK(kept == json{{"identities", {"linkedin"}},
                     {"identities.linkedin.userId", "li-1"},
                     {"identities.linkedin.details.email", "lin@example.test"},
                     {"identities.linkedin.details", json::object()}});
  CHECK(*find_claim(kept, "identities.linkedin.userId") == "li-1");
  CHECK(find_claim(kept, "identities.linkedin.details.name") == nullptr);
}

namespace {

Settings for_members() {
  Settings settings;
  RouteSettings route;
  route.organization.place = RouteOrganizationSettings::Place::from_path;
  route.organization.rule.kind = Requirement::Kind::member;
  settings.routes.push_back(route);
  return settings;
}

}  // namespace

TEST_CASE("of organizations the ids and their names are kept, whatever shape they come in") {
  const json token = {{"sub", "u1"}, {"organizations", {"acme", "globex"}}};
  const json userinfo = {{"organization_data",
                          {{{"id", "acme"}, {"name", "Acme"}, {"description", std::string(4000, 'd')}},
                           {{"id", "globex"}, {"name", nullptr}},
                           {{"id", 7}, {"name", "seven"}},
                           {{"id", "long"}, {"name", std::string(4000, 'n')}},
                           nullptr,
                           "text"}}};
  const json kept = claims_to_keep(token, userinfo, for_members());
  CHECK(kept["organizations"] == json{"acme", "globex"});
  CHECK(kept["organization_data"] == json{{"acme", "Acme"}});
  CHECK(claims_to_keep(token, json{{"organization_data", "none"}}, for_members())["organization_data"] ==
        json::object());
}

TEST_CASE("names of organizations are asked for where the person has one") {
  json token = kIdToken;
  token["organizations"] = {"acme"};
  CHECK(needs_userinfo(token, for_members()));
  token["organizations"] = json::array();
  CHECK_FALSE(needs_userinfo(token, for_members()));
  token["organizations"] = nullptr;
  CHECK_FALSE(needs_userinfo(token, for_members()));
  token.erase("organizations");
  CHECK(needs_userinfo(token, for_members()));
}

TEST_CASE("memberships stay whole where routes are for members, and names go first") {
  json token = kIdToken;
  token["organizations"] = names(1'500, "org-");
  const json userinfo = {{"organization_data", {{{"id", "org-10001"}, {"name", "One"}}}}};
  const json kept = claims_to_keep(token, userinfo, for_members());
  CHECK(kept["organizations"].size() == 1'500);
  CHECK_FALSE(is_shortened(kept, "organizations"));
  CHECK_FALSE(kept.contains("organization_data"));
}
