#include "auth/oidc/app_token_rules.h"

#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/encoding.h"

using namespace lp;
using nlohmann::json;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
const std::string kThings = "https://things.test/api";

std::string token_of(const json& header, const std::string& payload) {
  return base64url_encode(header.dump()) + "." + base64url_encode(payload) + "." + base64url_encode("signature");
}

json honest_claims() {
  return {{"sub", "alice"}, {"aud", kThings}, {"scope", "read write"}, {"iat", kNow}, {"exp", kNow + 600}};
}

TokenSet answer(const json& claims, const json& header = {{"alg", "ES384"}, {"typ", "at+jwt"}}) {
  TokenSet tokens;
  tokens.access_token = Secret(token_of(header, claims.dump()));
  tokens.expires_in_s = 600;
  return tokens;
}

}  // namespace

TEST_CASE("an access token is passed on only if it says that it is for this audience and this person") {
  struct Case {
    const char* what;
    std::function<void(json&)> change;
    TokenAudience audience;
    bool good;
  };
  const TokenAudience things{kThings, ""};
  const Case cases[] = {
      {"as Logto makes them", [](json&) {}, things, true},
      {"one audience of several",
       [](json& c) {
         c["aud"] = {"https://other.test", kThings};
       },
       things, true},
      {"no scope", [](json& c) { c.erase("scope"); }, things, true},
      {"another audience", [](json& c) { c["aud"] = "https://other.test"; }, things, false},
      {"an audience that begins alike", [](json& c) { c["aud"] = kThings + "/"; }, things, false},
      {"no audience", [](json& c) { c.erase("aud"); }, things, false},
      {"an audience of another type", [](json& c) { c["aud"] = 7; }, things, false},
      {"another person", [](json& c) { c["sub"] = "mallory"; }, things, false},
      {"nobody", [](json& c) { c.erase("sub"); }, things, false},
      {"an organization", [](json& c) { c["aud"] = "urn:logto:organization:acme"; }, {"", "acme"}, true},
      {"another organization", [](json& c) { c["aud"] = "urn:logto:organization:other"; }, {"", "acme"}, false},
      {"a resource as a member", [](json& c) { c["organization_id"] = "acme"; }, {kThings, "acme"}, true},
      {"a resource as a member of another", [](json& c) { c["organization_id"] = "other"; }, {kThings, "acme"}, false},
      {"a resource as no member", [](json&) {}, {kThings, "acme"}, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    json claims = honest_claims();
    c.change(claims);
    CHECK(judge_app_token(answer(claims), c.audience, "alice", 60'000, kNow).ok() == c.good);
  }
}

TEST_CASE("what is no JWT access token is not passed on") {
  const TokenAudience things{kThings, ""};
  TokenSet opaque;
  opaque.access_token = Secret("opaque");
  opaque.expires_in_s = 600;
  CHECK_FALSE(judge_app_token(opaque, things, "alice", 60'000, kNow));
  for (const char* typ : {"JWT", "", "logout+jwt"}) {
    CHECK_FALSE(judge_app_token(answer(honest_claims(), {{"alg", "ES384"}, {"typ", typ}}), things, "alice", 0, kNow));
  }
  CHECK(judge_app_token(answer(honest_claims(), {{"alg", "RS256"}, {"typ", "application/at+JWT"}}), things, "alice", 0,
                        kNow));
  for (const std::string& payload : {std::string("[]"), std::string("{"), std::string("7"), std::string()}) {
    TokenSet tokens = answer({});
    tokens.access_token = Secret(token_of({{"alg", "ES384"}, {"typ", "at+jwt"}}, payload));
    CHECK_FALSE(judge_app_token(tokens, things, "alice", 0, kNow));
  }
  json huge = honest_claims();
  huge["more"] = std::string(20'000, 'x');
  CHECK_FALSE(judge_app_token(answer(huge), things, "alice", 0, kNow));
}

TEST_CASE("it ends when the answer or the token says, whichever is sooner, and is renewed before that") {
  struct Case {
    const char* what;
    std::int64_t expires_in_s;
    json exp;
    std::int64_t early_ms, ends_s, renew_s;  // from now; 0: not passed on
  };
  const Case cases[] = {
      {"both say the same", 600, kNow + 600, 60'000, 600, 540},
      {"the answer is sooner", 300, kNow + 600, 60'000, 300, 240},
      {"the token is sooner", 600, kNow + 300, 60'000, 300, 240},
      {"only the token", 0, kNow + 600, 60'000, 600, 540},
      {"only the answer", 600, nullptr, 60'000, 600, 540},
      {"nobody", 0, nullptr, 60'000, 0, 0},
      {"an end that is no time", 600, "soon", 60'000, 600, 540},
      {"an end out of range", 600, -5, 60'000, 600, 540},
      {"a short life", 30, kNow + 30, 60'000, 30, 15},
      {"a clock that is ahead of Logto's", 600, kNow - 10, 60'000, 1, 1},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    json claims = honest_claims();
    claims["exp"] = c.exp;
    TokenSet tokens = answer(claims);
    tokens.expires_in_s = c.expires_in_s;
    const auto judged = judge_app_token(tokens, {kThings, ""}, "alice", c.early_ms, kNow);
    REQUIRE(judged.ok() == (c.ends_s > 0));
    if (!judged) continue;
    CHECK(judged->expires_at_s == kNow + c.ends_s);
    CHECK(judged->renew_at_s == kNow + c.renew_s);
  }
}

TEST_CASE("the opaque token is one that a field may hold, for a minute where nothing says how long") {
  TokenSet tokens;
  tokens.access_token = Secret("opaque-1");
  tokens.expires_in_s = 3600;
  const auto token = account_token_of(tokens, 60'000, kNow);
  REQUIRE(token);
  CHECK(token->token.equals("opaque-1"));
  CHECK(token->expires_at_s == kNow + 3600);
  CHECK(token->renew_at_s == kNow + 3540);
  tokens.expires_in_s = 0;
  CHECK(account_token_of(tokens, 60'000, kNow)->expires_at_s == kNow + 60);
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a\r\nX: y"), std::string(5000, 'a')}) {
    tokens.access_token = Secret(bad);
    CHECK_FALSE(account_token_of(tokens, 60'000, kNow));
  }
}

TEST_CASE("scopes are those of the token, else of the answer") {
  CHECK(judge_app_token(answer(honest_claims()), {kThings, ""}, "alice", 0, kNow)->scopes ==
        std::vector<std::string>{"read", "write"});
  json claims = honest_claims();
  claims.erase("scope");
  TokenSet tokens = answer(claims);
  tokens.scope = "  read ";
  CHECK(judge_app_token(tokens, {kThings, ""}, "alice", 0, kNow)->scopes == std::vector<std::string>{"read"});
  claims["scope"] = "";
  tokens = answer(claims);
  tokens.scope = "read";
  CHECK(judge_app_token(tokens, {kThings, ""}, "alice", 0, kNow)->scopes.empty());
}
