#include "auth/oidc/token_endpoint.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "tests/support/recordings.h"

using namespace lp;
using nlohmann::json;
using Kind = TokenError::Kind;

namespace {

ProviderReply reply(int status, std::string body, std::string type = "application/json; charset=utf-8") {
  return {status, std::move(type), std::move(body)};
}
json good_reply() {
  return {{"access_token", "at"}, {"id_token", "a.b.c"}, {"token_type", "Bearer"}, {"expires_in", 3600}};
}
json with(const char* name, const json& value) {
  json body = good_reply();
  body[name] = value;
  return body;
}
LogtoSettings logto() {
  LogtoSettings settings;
  settings.app_id = "app:1";
  return settings;
}

}  // namespace

TEST_CASE("client authentication encodes id and secret before it joins them (RFC 6749 2.3.1)") {
  CHECK(client_secret_basic("app:1", Secret("s3 cr/et")).reveal() == "Basic " + base64_encode("app%3A1:s3%20cr%2Fet"));
}

TEST_CASE("the code exchange sends code, redirect URI and verifier") {
  ProviderMetadata metadata;
  metadata.token_endpoint = "https://auth.example.com/oidc/token";
  PendingSignIn pending;
  pending.redirect_uri = "https://app.example.com/_auth/callback";
  pending.code_verifier = Secret("VERIFIER");
  const ProviderRequest request = code_exchange_request(metadata, logto(), Secret("s3 cr/et"), "c/1", pending);
  CHECK(request.method == "POST");
  CHECK(request.url == metadata.token_endpoint);
  CHECK(request.authorization.reveal() == client_secret_basic("app:1", Secret("s3 cr/et")).reveal());
  CHECK(request.form_body.reveal() ==
        "grant_type=authorization_code&code=c%2F1&redirect_uri=https%3A%2F%2Fapp.example.com%2F_auth%2Fcallback"
        "&code_verifier=VERIFIER");
}

TEST_CASE("recorded token replies are accepted with their refresh token") {
  for (const char* version : {"v1.37.1", "v1.42.0"}) {
    const json recorded = test::recorded_json(version, "token-reply");
    auto tokens = judge_token_reply(reply(200, recorded.dump()));
    REQUIRE(tokens);
    CHECK(tokens->id_token.reveal() == recorded["id_token"].get<std::string>());
    CHECK(tokens->access_token.reveal() == recorded["access_token"].get<std::string>());
    CHECK(tokens->refresh_token.reveal() == recorded["refresh_token"].get<std::string>());
    CHECK(tokens->expires_in_s == 3600);
  }
}

TEST_CASE("a reply may lack what is optional") {
  json body = good_reply();
  body.erase("expires_in");
  auto tokens = judge_token_reply(reply(200, body.dump()));
  REQUIRE(tokens);
  CHECK(tokens->refresh_token.empty());
  CHECK(tokens->expires_in_s == 0);
  CHECK(judge_token_reply(reply(200, with("refresh_token", nullptr).dump())));
  CHECK(judge_token_reply(reply(200, with("token_type", "bearer").dump())));
}

TEST_CASE("a success that isn't quite one is a protocol error") {
  const struct {
    std::string name;
    ProviderReply reply;
  } cases[] = {
      {"error with status 200", reply(200, with("error", "invalid_grant").dump())},
      {"HTML", reply(200, "<html></html>", "text/html")},
      {"JSON called HTML", reply(200, good_reply().dump(), "text/html")},
      {"no content type", reply(200, good_reply().dump(), "")},
      {"an array", reply(200, "[]")},
      {"broken", reply(200, "{")},
      {"empty", reply(200, "")},
      {"two id tokens", reply(200, R"({"id_token":"x.y.z",)" + good_reply().dump().substr(1))},
      {"id token missing", reply(200, with("id_token", nullptr).dump())},
      {"id token empty", reply(200, with("id_token", "").dump())},
      {"access token a number", reply(200, with("access_token", 1).dump())},
      {"access token with a line break", reply(200, with("access_token", "a\r\nX: y").dump())},
      {"access token huge", reply(200, with("access_token", std::string(20'000, 'a')).dump())},
      {"refresh token a list", reply(200, with("refresh_token", json::array()).dump())},
      {"refresh token with a space", reply(200, with("refresh_token", "a b").dump())},
      {"token type missing", reply(200, with("token_type", nullptr).dump())},
      {"token type MAC", reply(200, with("token_type", "mac").dump())},
      {"lifetime negative", reply(200, with("expires_in", -1).dump())},
      {"lifetime a text", reply(200, with("expires_in", "3600").dump())},
      {"lifetime endless", reply(200, with("expires_in", 1e30).dump())},
      {"created", reply(201, good_reply().dump())},
      {"redirect", reply(307, "")},
      {"not found", reply(404, "Not Found", "text/plain")},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    auto judged = judge_token_reply(c.reply);
    REQUIRE_FALSE(judged);
    CHECK(judged.error().kind == Kind::protocol);
  }
}

TEST_CASE("refusals are told apart by whose fault they are") {
  const struct {
    std::string name;
    int status;
    std::string body;
    Kind kind;
  } cases[] = {
      {"code spent", 400,
       R"({"code":"oidc.invalid_grant","error":"invalid_grant","error_description":"grant request is invalid"})",
       Kind::invalid_grant},
      {"wrong secret", 401, R"({"error":"invalid_client","error_description":"client authentication failed"})",
       Kind::client_credentials},
      {"unknown client", 400, R"({"error":"invalid_client","error_description":"invalid client nope"})",
       Kind::client_credentials},
      {"expired secret", 400, R"({"error":"invalid_request","error_description":"client secret has expired"})",
       Kind::client_credentials},
      {"401 without a body", 401, "", Kind::client_credentials},
      {"bad request", 400, R"({"error":"invalid_request","error_description":"no client authentication"})",
       Kind::protocol},
      {"bad gateway", 502, "<html>", Kind::provider_unavailable},
      {"overload", 429, "", Kind::provider_unavailable},
      {"server error in words", 400, R"({"error":"server_error"})", Kind::provider_unavailable},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    auto judged = judge_token_reply(reply(c.status, c.body));
    REQUIRE_FALSE(judged);
    CHECK(judged.error().kind == c.kind);
  }
}

TEST_CASE("userinfo must be of the ID token's subject") {
  for (const char* version : {"v1.37.1", "v1.42.0"}) {
    const json recorded = test::recorded_json(version, "userinfo");
    auto claims = judge_userinfo(reply(200, recorded.dump()), recorded["sub"].get<std::string>());
    REQUIRE(claims);
    CHECK(*claims == recorded);
    CHECK_FALSE(judge_userinfo(reply(200, recorded.dump()), "somebody"));
    CHECK_FALSE(judge_userinfo(reply(200, recorded.dump()), ""));
  }
  CHECK_FALSE(judge_userinfo(reply(401, R"({"sub":"a"})"), "a"));
  CHECK_FALSE(judge_userinfo(reply(200, R"({"sub":"a","sub":"b"})"), "b"));
  CHECK_FALSE(judge_userinfo(reply(200, R"({"sub":null})"), "a"));
  CHECK_FALSE(judge_userinfo(reply(200, R"(["a"])"), "a"));
  CHECK_FALSE(judge_userinfo(reply(200, "a.b.c", "application/jwt"), "a"));

  ProviderMetadata metadata;
  metadata.userinfo_endpoint = "https://auth.example.com/oidc/me";
  const ProviderRequest request = userinfo_request(metadata, Secret("AT"));
  CHECK(request.method == "GET");
  CHECK(request.authorization.reveal() == "Bearer AT");
}

TEST_CASE("revocation names the refresh token, and only 200 is success") {
  ProviderMetadata metadata;
  metadata.revocation_endpoint = "https://auth.example.com/oidc/token/revocation";
  const ProviderRequest request = token_revocation_request(metadata, logto(), Secret("s3 cr/et"), Secret("RT/1"));
  CHECK(request.method == "POST");
  CHECK(request.url == *metadata.revocation_endpoint);
  CHECK(request.form_body.reveal() == "token=RT%2F1&token_type_hint=refresh_token");
  CHECK(judge_token_revocation(reply(200, "", "")));
  CHECK_FALSE(judge_token_revocation(reply(400, "")));
}

TEST_CASE("the end-session URL has client_id and no hint") {
  ProviderMetadata metadata;
  CHECK(rp_logout_url(metadata, "app", "https://app.example.com/_auth/signed-out").empty());
  metadata.end_session_endpoint = "https://auth.example.com/oidc/session/end";
  CHECK(rp_logout_url(metadata, "app", "https://app.example.com/_auth/signed-out") ==
        "https://auth.example.com/oidc/session/end?client_id=app"
        "&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2F_auth%2Fsigned-out");
}

TEST_CASE("a refresh for an app asks for the scopes of the sign-in and of its route, and for none that was refused") {
  LogtoSettings settings = logto();
  settings.scopes = {"profile", "roles", "offline_access"};
  const TokenAudience things{"https://things.test/api", "", {"read:things", "roles"}};
  const TokenAudience acme{"", "acme", {"invite:member"}};
  struct Case {
    const char* what;
    TokenAudience audience;
    std::vector<std::string> not_granted;
    const char* scope;  // null: none is sent
  };
  const Case cases[] = {
      {"the session's own: all is granted again", {}, {}, nullptr},
      {"a resource", things, {}, "openid profile roles read:things"},
      {"an organization", acme, {}, "openid profile roles urn:logto:scope:organizations invite:member"},
      {"what was refused is left out", things, {"read:things", "profile"}, "openid roles"},
      {"without scopes of its own", {"https://things.test/api", ""}, {}, "openid profile roles"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const ProviderRequest request =
        refresh_request(ProviderMetadata{}, settings, Secret("s"), Secret("r"), c.audience, c.not_granted);
    const auto form = parse_form(request.form_body.reveal());
    REQUIRE(form);
    std::optional<std::string> scope;
    for (const auto& [name, value] : *form) {
      if (name == "scope") scope = value;
    }
    CHECK(scope == (c.scope == nullptr ? std::nullopt : std::optional<std::string>(c.scope)));
  }
}

TEST_CASE("scopes that were not granted are named by Logto, and by nothing else") {
  const auto named = [](const char* body) { return judge_token_reply(reply(400, body)).error().scopes_not_granted; };
  CHECK(named(R"({"error":"invalid_scope","scope":"a:b  c"})") == std::vector<std::string>{"a:b", "c"});
  CHECK(named(R"({"error":"invalid_scope"})").empty());
  CHECK(named(R"({"error":"invalid_scope","scope":["a"]})").empty());
  CHECK(named(R"({"error":"insufficient_scope","scope":"a"})").empty());
}
