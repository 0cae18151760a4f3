#include "auth/session/kept_claims.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

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
