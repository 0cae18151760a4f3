#include "auth/oidc/introspection.h"

#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "tests/support/recordings.h"

using namespace lp;
using nlohmann::json;
using Kind = AccessTokenFailure::Kind;

namespace {

constexpr std::int64_t kNow = 1'795'317'047;

Settings settings() {
  Settings made;
  made.logto.endpoint = {"http", "localhost", 3411};
  made.logto.app_id = "b672i3u6tossrrd6jmpsx";
  made.bearer.introspection = true;
  made.routes.resize(2);
  made.routes[0].accept.bearer = true;
  made.routes[1].accept.bearer = true;
  made.routes[1].audiences = {"https://api.test", "listed-client"};
  return made;
}

json active() { return test::recorded_json("v1.42.0", "introspection-opaque-access"); }

Result<AccessToken, AccessTokenFailure> judged(const json& body, int status = 200,
                                               const std::string& type = "application/json; charset=utf-8") {
  return judge_introspection({status, type, body.is_string() ? body.get<std::string>() : body.dump()}, settings(),
                             kNow);
}
std::string rule_after(const std::function<void(json&)>& change) {
  json members = active();
  change(members);
  const auto token = judged(members);
  return token ? "" : token.error().rule;
}
bool fits(const AccessToken& token, std::size_t route) {
  const Settings with = settings();
  return access_token_is_for(token, with.routes[route], with);
}

}  // namespace

TEST_CASE("Logto's word about an opaque token of ours is believed, for a minute") {
  const auto token = judged(active());
  REQUIRE(token);
  CHECK(token->sub == "w4ndvwcirbdr");
  CHECK(token->client_id == "b672i3u6tossrrd6jmpsx");
  CHECK(token->sid == "WkVNqApIFMdVRQops141DWtqPV0CXU1t4xPADar5eSE");
  CHECK(std::find(token->scopes.begin(), token->scopes.end(), "roles") != token->scopes.end());
  CHECK(token->trusted_until_s == kNow + 60);
  CHECK(fits(*token, 0));
  CHECK_FALSE_MESSAGE(fits(*token, 1), "a route with audiences of its own asks for one of them");
}

TEST_CASE("an opaque token is never believed longer than it lives") {
  json members = active();
  members["exp"] = kNow + 10;
  CHECK(judged(members)->trusted_until_s == kNow + 10);
}

TEST_CASE("an opaque token of another application passes only where that one is listed") {
  json members = active();
  members["client_id"] = "another-app";
  CHECK(judged(members).error().rule == "aud");
  members["client_id"] = "listed-client";
  const auto listed = judged(members);
  REQUIRE(listed);
  CHECK_FALSE(fits(*listed, 0));
  CHECK(fits(*listed, 1));
}

TEST_CASE("an opaque token that names audiences is for these") {
  json members = active();
  members["aud"] = "https://api.test";
  const auto token = judged(members);
  REQUIRE(token);
  CHECK_FALSE_MESSAGE(fits(*token, 0), "its client does not count then");
  CHECK(fits(*token, 1));
}

TEST_CASE("a machine's opaque token has its client as subject") {
  json members = active();
  members.erase("sub");
  CHECK(judged(members)->sub == "b672i3u6tossrrd6jmpsx");
}

TEST_CASE("what Logto says must hold in every part") {
  CHECK(rule_after([](json& m) { m["active"] = false; }) == "inactive");
  CHECK(rule_after([](json& m) { m.erase("exp"); }) == "exp");
  CHECK(rule_after([](json& m) { m["exp"] = kNow; }) == "exp");
  CHECK(rule_after([](json& m) { m["exp"] = std::to_string(kNow + 60); }) == "exp");
  CHECK(rule_after([](json& m) { m.erase("iat"); }) == "iat");
  CHECK(rule_after([](json& m) { m["nbf"] = kNow + 600; }) == "nbf");
  CHECK(rule_after([](json& m) { m["sub"] = "a\r\nb"; }) == "sub");
  CHECK(rule_after([](json& m) { m.erase("client_id"); }) == "client_id");
  CHECK(rule_after([](json& m) { m["iss"] = "http://evil.test/oidc"; }) == "iss");
  CHECK(rule_after([](json& m) { m.erase("iss"); }) == "");
  CHECK(rule_after([](json& m) { m["scope"] = 1; }) == "scope");
  CHECK(rule_after([](json& m) { m["aud"] = 1; }) == "aud");
  CHECK(rule_after([](json& m) { m["token_type"] = "DPoP"; }) == "type");
}

TEST_CASE("a refresh token is no access token") {
  const auto token = judged(test::recorded_json("v1.42.0", "introspection-refresh"));
  REQUIRE_FALSE(token);
  CHECK(token.error().kind == Kind::rejected);
  CHECK(token.error().rule == "type");
}

TEST_CASE("what is no answer says nothing of the token") {
  const auto is_unavailable = [](const Result<AccessToken, AccessTokenFailure>& token) {
    return !token && token.error().kind == Kind::unavailable;
  };
  CHECK(is_unavailable(judged(active(), 500)));
  CHECK(is_unavailable(judged(active(), 401)));
  CHECK(is_unavailable(judged(active(), 200, "text/html")));
  for (const json& body : {json("{"), json::array(), json::object(), json{{"active", "true"}}, json{{"active", 1}},
                           json(R"({"active":false,"active":true})")}) {
    CAPTURE(body.dump());
    CHECK(is_unavailable(judged(body)));
  }
}

TEST_CASE("the question is authenticated and form-encoded") {
  ProviderMetadata metadata;
  metadata.introspection_endpoint = "http://localhost:3411/oidc/token/introspection";
  const auto request =
      introspection_request(metadata, settings().logto, Secret(std::string("s3cret")), Secret(std::string("a+b/c=")));
  CHECK(request.method == "POST");
  CHECK(request.url == *metadata.introspection_endpoint);
  CHECK(request.form_body.reveal() == "token=a%2Bb%2Fc%3D&token_type_hint=access_token");
  CHECK(request.authorization.reveal().starts_with("Basic "));
}
