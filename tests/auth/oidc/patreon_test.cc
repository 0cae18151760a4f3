#include "auth/oidc/patreon.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

using namespace lp;
using nlohmann::json;

namespace {

using Kind = PatreonFailure::Kind;

ProviderReply reply(int status, const std::string& body, const std::string& type = "application/vnd.api+json") {
  ProviderReply made;
  made.status = status;
  made.body = body;
  made.content_type = type;
  return made;
}

json member(const std::string& id, const std::string& campaign, const json& status, const json& cents,
            const std::vector<std::string>& tiers) {
  json links = json::array();
  for (const std::string& tier : tiers) links.push_back({{"id", tier}, {"type", "tier"}});
  return {{"type", "member"},
          {"id", id},
          {"attributes", {{"patron_status", status}, {"currently_entitled_amount_cents", cents}}},
          {"relationships",
           {{"campaign", {{"data", {{"id", campaign}, {"type", "campaign"}}}}},
            {"currently_entitled_tiers", {{"data", links}}}}}};
}

json tier(const std::string& id, const std::string& title) {
  return {{"type", "tier"}, {"id", id}, {"attributes", {{"title", title}}}};
}

// As Patreon documents it: a person who is a member of two campaigns.
json document() {
  return {{"data",
           {{"type", "user"},
            {"id", "777"},
            {"attributes", json::object()},
            {"relationships",
             {{"memberships", {{"data", {{{"id", "m1"}, {"type", "member"}}, {{"id", "m2"}, {"type", "member"}}}}}}}}}},
          {"included",
           {member("m1", "100", "active_patron", 500, {"7", "8"}),
            member("m2", "200", "former_patron", 0, {}),
            {{"type", "campaign"}, {"id", "100"}, {"attributes", json::object()}},
            tier("7", "Gold"),
            tier("8", "金")}},
          {"links", {{"self", "https://www.patreon.com/api/oauth2/v2/user/777"}}}};
}

auto judge(const json& what, const std::set<std::string>& campaigns = {"100", "200", "300"}) {
  return judge_patreon_identity(reply(200, what.dump()), campaigns);
}

}  // namespace

TEST_CASE("memberships are read as Patreon documents them") {
  const auto memberships = judge(document());
  REQUIRE(memberships);
  REQUIRE(memberships->size() == 2);
  CHECK((*memberships)[0] == PatreonMembership{"100", "active_patron", 500, {{"7", "Gold"}, {"8", "金"}}});
  CHECK((*memberships)[1] == PatreonMembership{"200", "former_patron", 0, {}});
}

TEST_CASE("only campaigns that rules ask for are kept") {
  const auto memberships = judge(document(), {"200"});
  REQUIRE(memberships);
  REQUIRE(memberships->size() == 1);
  CHECK((*memberships)[0].campaign == "200");
}

TEST_CASE("who has never paid has no status, and nobody's memberships are none") {
  json free = document();
  free["included"][0] = member("m1", "100", nullptr, nullptr, {});
  const auto memberships = judge(free);
  REQUIRE(memberships);
  CHECK((*memberships)[0].status.empty());
  CHECK((*memberships)[0].cents == 0);
  const auto none = judge({{"data", {{"type", "user"}, {"id", "1"}}}});
  REQUIRE(none);
  CHECK(none->empty());
}

TEST_CASE("a member that the person's own list does not name is nobody's") {
  json foreign = document();
  foreign["data"]["relationships"]["memberships"]["data"] = json::array({{{"id", "m2"}, {"type", "member"}}});
  const auto memberships = judge(foreign);
  REQUIRE(memberships);
  REQUIRE(memberships->size() == 1);
  CHECK((*memberships)[0].campaign == "200");
}

TEST_CASE("tiers without end, and titles that are too long, are cut") {
  json many = document();
  std::vector<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(std::to_string(i));
  many["included"][0] = member("m1", "100", "active_patron", 1, ids);
  many["included"].push_back(tier("0", std::string(kMaxPatreonTitleBytes + 1, 'x')));
  const auto memberships = judge(many);
  REQUIRE(memberships);
  CHECK((*memberships)[0].tiers.size() == kMaxPatreonTiers);
  CHECK((*memberships)[0].tiers[0] == PatreonTier{"0", ""});
}

TEST_CASE("half of an answer says nothing") {
  const auto with = [](const std::string& pointer, const json& value) {
    json changed = document();
    changed[json::json_pointer(pointer)] = value;
    return changed;
  };
  struct Case {
    const char* what;
    json document;
  };
  const Case cases[] = {
      {"not an object", json::array()},
      {"no person", json::object()},
      {"a person of another type", with("/data/type", "campaign")},
      {"a person without an id", with("/data/id", "")},
      {"an id that is a number", with("/data/id", 777)},
      {"included that is no list", with("/included", json::object())},
      {"a resource that is a text", with("/included/0", "member")},
      {"attributes that are a list", with("/included/0/attributes", json::array())},
      {"a status that is a number", with("/included/0/attributes/patron_status", 1)},
      {"a status with a line break", with("/included/0/attributes/patron_status", "active_patron\r\nX: y")},
      {"negative cents", with("/included/0/attributes/currently_entitled_amount_cents", -1)},
      {"cents that are a text", with("/included/0/attributes/currently_entitled_amount_cents", "500")},
      {"cents beyond all money",
       with("/included/0/attributes/currently_entitled_amount_cents", std::uint64_t{1} << 50)},
      {"a campaign of another type", with("/included/0/relationships/campaign/data/type", "member")},
      {"tiers that are an object", with("/included/0/relationships/currently_entitled_tiers/data", json::object())},
      {"one member twice", with("/included/1/id", "m1")},
      {"memberships that are texts", with("/data/relationships/memberships/data", json::array({"m1"}))},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const auto memberships = judge(c.document);
    REQUIRE_FALSE(memberships);
    CHECK(memberships.error().kind == Kind::unreadable);
  }
}

TEST_CASE("what Patreon's answer means for the person, and for all") {
  struct Case {
    const char* what;
    ProviderReply reply;
    Kind kind;
  };
  const Case cases[] = {
      {"a token that is refused", reply(401, "{}"), Kind::no_account},
      {"too many calls", reply(429, "{}"), Kind::unavailable},
      {"trouble of Patreon", reply(500, "{}"), Kind::unavailable},
      {"somebody in front of it", reply(502, "<html>", "text/html"), Kind::unavailable},
      {"a page that wants a human", reply(403, "<html>", "text/html"), Kind::unavailable},
      {"forbidden by the API", reply(403, "{}"), Kind::unreadable},
      {"another address", reply(404, "{}"), Kind::unreadable},
      {"a redirect", reply(302, ""), Kind::unreadable},
      {"no JSON", reply(200, document().dump(), "text/html"), Kind::unreadable},
      {"broken JSON", reply(200, "{\"data\":"), Kind::unreadable},
      {"one name twice", reply(200, R"({"data":{"type":"user","id":"1"},"data":{"type":"user","id":"2"}})"),
       Kind::unreadable},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const auto memberships = judge_patreon_identity(c.reply, {"100"});
    REQUIRE_FALSE(memberships);
    CHECK(memberships.error().kind == c.kind);
  }
  ProviderReply late = reply(429, "{}");
  late.retry_after_s = 17;
  CHECK(judge_patreon_identity(late, {}).error().retry_after_s == 17);
}

TEST_CASE("what Logto's Account API says of the token") {
  struct Case {
    const char* what;
    int status;
    std::string code;
    Kind kind;
    bool is_setup = false;
  };
  const Case cases[] = {
      {"no token is kept", 404, "secrets.third_party_token_set.token_not_found", Kind::no_account},
      {"it is spent", 401, "secrets.third_party_token_set.access_token_expired", Kind::no_account},
      {"no such identity", 404, "user.identity_not_exist", Kind::no_account},
      {"a session from before the scope", 403, "auth.forbidden", Kind::no_account},
      {"our own token is refused", 401, "auth.unauthorized", Kind::account_token_refused},
      {"the account centre is off", 400, "account_center.not_enabled", Kind::unavailable, true},
      {"an endpoint that this Logto lacks", 404, "", Kind::unavailable, true},
      {"another complaint", 422, "something.else", Kind::unreadable},
      {"trouble of Logto", 503, "", Kind::unavailable},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const json body = c.code.empty() ? json::object() : json{{"code", c.code}, {"message", "m"}};
    const auto token = judge_patreon_token(reply(c.status, body.dump(), "application/json"));
    REQUIRE_FALSE(token);
    CHECK(token.error().kind == c.kind);
    CHECK(token.error().is_setup == c.is_setup);
  }
}

TEST_CASE("a token is one that a field may hold") {
  const auto judged = [](const json& body) { return judge_patreon_token(reply(200, body.dump(), "application/json")); };
  const auto token = judged({{"access_token", "abc-123"}, {"token_type", "Bearer"}, {"expires_in", 5}});
  REQUIRE(token);
  CHECK(token->equals("abc-123"));
  for (const json& bad : {json{{"access_token", ""}}, json{{"access_token", "a b"}}, json{{"access_token", "a\r\nb"}},
                          json{{"access_token", 5}}, json::object(), json{{"access_token", std::string(9000, 'a')}}}) {
    CAPTURE(bad.dump().substr(0, 60));
    const auto refused = judged(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == Kind::unreadable);
  }
}

TEST_CASE("the requests go where they should, with brackets encoded") {
  Settings settings;
  settings.logto.endpoint = {"https", "logto.test", 443};
  settings.patreon.connector = "patreon x";
  const ProviderRequest token = patreon_token_request(settings, Secret("opaque"));
  CHECK(token.url == "https://logto.test/api/my-account/identities/patreon%20x/access-token");
  CHECK(token.authorization.equals("Bearer opaque"));
  const ProviderRequest identity = patreon_identity_request(settings, Secret("theirs"));
  CHECK(identity.url.starts_with("https://www.patreon.com/api/oauth2/v2/identity?include=memberships"));
  CHECK(identity.url.find("fields%5Bmember%5D=patron_status") != std::string::npos);
  CHECK(identity.url.find('[') == std::string::npos);
  CHECK(identity.authorization.equals("Bearer theirs"));
}
