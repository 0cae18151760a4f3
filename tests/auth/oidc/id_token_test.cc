#include "auth/oidc/id_token.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <functional>

#include "base/crypto.h"
#include "base/encoding.h"
#include "tests/support/recordings.h"
#include "tests/support/signing.h"

using namespace lp;
using lp::test::SigningKey;
using nlohmann::json;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
const std::string kAccessToken = "access-token-of-this-sign-in";

const SigningKey& key() {
  static const SigningKey instance = SigningKey::p384("current");
  return instance;
}
const Jwks& keys() {
  static const Jwks instance = *Jwks::parse(key().jwks());
  return instance;
}

json good_claims() {
  return {{"iss", "https://auth.example.com/oidc"},
          {"aud", "app"},
          {"sub", "user1"},
          {"exp", kNow + 3600},
          {"iat", kNow},
          {"nonce", "the-nonce-1"}};
}

IdTokenExpectations expectations() {
  IdTokenExpectations expected;
  expected.issuer = "https://auth.example.com/oidc";
  expected.client_id = "app";
  expected.nonce = "the-nonce-1";
  expected.access_token = kAccessToken;
  expected.now_s = kNow;
  return expected;
}

// The rule that the token breaks, "" when it is accepted.
std::string broken_rule(const std::string& token, const Jwks& set = keys()) {
  bool unknown_key = false;
  auto judged = judge_id_token(token, set, expectations(), unknown_key);
  return judged ? "" : judged.error().rule;
}
std::string broken_rule_of(const json& claims) { return broken_rule(key().es384(claims)); }

std::string half_hash(std::string_view hash) { return base64url_encode(hash.substr(0, hash.size() / 2)); }

struct Change {
  std::string name;
  std::string rule;  // "": still accepted
  std::function<void(json&)> apply;
};

}  // namespace

TEST_CASE("a token that keeps every rule is accepted with its claims") {
  json claims = good_claims();
  claims["sid"] = "session-1";
  claims["created_at"] = 1795315636356;  // milliseconds, as Logto sends
  claims["email"] = nullptr;
  bool unknown_key = true;
  auto judged = judge_id_token(key().es384(claims), keys(), expectations(), unknown_key);
  REQUIRE(judged);
  CHECK(judged->sub == "user1");
  CHECK(judged->sid == "session-1");
  CHECK(*judged->claims == claims);
  CHECK_FALSE(unknown_key);
}

TEST_CASE("each rule of OIDC Core 3.1.3.7 is kept") {
  const std::string at_hash = half_hash(sha384(kAccessToken));
  const Change changes[] = {
      {"issuer missing", "iss", [](json& c) { c.erase("iss"); }},
      {"issuer of another host", "iss", [](json& c) { c["iss"] = "https://evil.example.com/oidc"; }},
      {"issuer with a slash more", "iss", [](json& c) { c["iss"] = "https://auth.example.com/oidc/"; }},
      {"issuer on http", "iss", [](json& c) { c["iss"] = "http://auth.example.com/oidc"; }},
      {"issuer in another case", "iss", [](json& c) { c["iss"] = "https://AUTH.example.com/oidc"; }},
      {"issuer in a list", "iss", [](json& c) { c["iss"] = json::array({c["iss"]}); }},
      {"audience missing", "aud", [](json& c) { c.erase("aud"); }},
      {"audience null", "aud", [](json& c) { c["aud"] = nullptr; }},
      {"audience another client", "aud", [](json& c) { c["aud"] = "other"; }},
      {"audience a prefix of us", "aud", [](json& c) { c["aud"] = "ap"; }},
      {"audience with us as prefix", "aud", [](json& c) { c["aud"] = "app2"; }},
      {"audience empty list", "aud", [](json& c) { c["aud"] = json::array(); }},
      {"audience list of others", "aud", [](json& c) { c["aud"] = {"other"}; }},
      {"audience a number", "aud", [](json& c) { c["aud"] = 1; }},
      {"audience an object", "aud",
       [](json& c) {
         c["aud"] = {{"app", true}};
       }},
      {"audience list with a number", "aud",
       [](json& c) {
         c["aud"] = {"app", 1};
       }},
      {"audience list of us alone", "", [](json& c) { c["aud"] = json::array({"app"}); }},
      {"two audiences without azp", "azp",
       [](json& c) {
         c["aud"] = {"app", "other"};
       }},
      {"two audiences with azp us", "",
       [](json& c) {
         c["aud"] = {"app", "other"}, c["azp"] = "app";
       }},
      {"azp another client", "azp", [](json& c) { c["azp"] = "other"; }},
      {"azp null", "azp", [](json& c) { c["azp"] = nullptr; }},
      {"azp us", "", [](json& c) { c["azp"] = "app"; }},
      {"exp missing", "exp", [](json& c) { c.erase("exp"); }},
      {"exp as text", "exp", [](json& c) { c["exp"] = "1900000000"; }},
      {"exp over the leeway ago", "exp", [](json& c) { c["exp"] = kNow - 60, c["iat"] = kNow - 3660; }},
      {"exp within the leeway", "", [](json& c) { c["exp"] = kNow - 59, c["iat"] = kNow - 3660; }},
      {"exp with a fraction", "", [](json& c) { c["exp"] = static_cast<double>(kNow) + 0.5; }},
      {"exp negative", "exp", [](json& c) { c["exp"] = -1; }},
      {"iat missing", "iat", [](json& c) { c.erase("iat"); }},
      {"iat as text", "iat", [](json& c) { c["iat"] = std::to_string(kNow); }},
      {"iat a day ahead", "iat", [](json& c) { c["iat"] = kNow + 86400, c["exp"] = kNow + 90000; }},
      {"iat within the leeway ahead", "", [](json& c) { c["iat"] = kNow + 60; }},
      {"iat after exp", "iat", [](json& c) { c["iat"] = kNow + 30, c["exp"] = kNow + 10; }},
      {"nbf in the future", "nbf", [](json& c) { c["nbf"] = kNow + 61; }},
      {"nbf as text", "nbf", [](json& c) { c["nbf"] = "0"; }},
      {"nbf in the past", "", [](json& c) { c["nbf"] = kNow - 5; }},
      {"nonce missing", "nonce", [](json& c) { c.erase("nonce"); }},
      {"nonce of an older sign-in", "nonce", [](json& c) { c["nonce"] = "the-nonce-0"; }},
      {"nonce empty", "nonce", [](json& c) { c["nonce"] = ""; }},
      {"nonce a list", "nonce", [](json& c) { c["nonce"] = json::array({"the-nonce-1"}); }},
      {"at_hash right", "", [&](json& c) { c["at_hash"] = at_hash; }},
      {"at_hash of another token", "at_hash", [](json& c) { c["at_hash"] = half_hash(sha384("other")); }},
      {"at_hash by another hash", "at_hash", [](json& c) { c["at_hash"] = half_hash(sha256(kAccessToken)); }},
      {"at_hash null", "at_hash", [](json& c) { c["at_hash"] = nullptr; }},
      {"sub missing", "sub", [](json& c) { c.erase("sub"); }},
      {"sub empty", "sub", [](json& c) { c["sub"] = ""; }},
      {"sub a number", "sub", [](json& c) { c["sub"] = 7; }},
      {"sub of 255 characters", "", [](json& c) { c["sub"] = std::string(255, 'a'); }},
      {"sub of 256 characters", "sub", [](json& c) { c["sub"] = std::string(256, 'a'); }},
      {"sub with a line break", "sub", [](json& c) { c["sub"] = "a\r\nX-Forwarded-User: admin"; }},
      {"sub with NUL", "sub", [](json& c) { c["sub"] = std::string("a\0b", 3); }},
      {"sub beyond ASCII", "sub", [](json& c) { c["sub"] = "é"; }},
      {"sid a number", "sid", [](json& c) { c["sid"] = 1; }},
      {"sid empty", "sid", [](json& c) { c["sid"] = ""; }},
      {"sid null", "", [](json& c) { c["sid"] = nullptr; }},
  };
  for (const Change& change : changes) {
    CAPTURE(change.name);
    json claims = good_claims();
    change.apply(claims);
    CHECK(broken_rule_of(claims) == change.rule);
  }
}

TEST_CASE("whoever asked for max_age must be told when the person proved who they are, and it must be recent") {
  const auto rule = [](const json& auth_time, std::int64_t max_age_s) {
    json claims = good_claims();
    if (!auth_time.is_discarded()) claims["auth_time"] = auth_time;
    IdTokenExpectations expected = expectations();
    expected.max_age_s = max_age_s;
    const auto judged = judge_verified_payload(claims.dump(), "ES384", expected);
    return judged ? std::string() : judged.error().rule;
  };
  const json none(json::value_t::discarded);
  struct Case {
    const char* what;
    json auth_time;
    std::int64_t max_age_s;
    const char* rule;
  };
  const Case cases[] = {
      {"not asked, not said", none, -1, ""},
      {"not asked, nonsense", "soon", -1, ""},
      {"not asked, long ago", 1, -1, ""},
      {"asked, not said", none, 300, "auth_time"},
      {"asked, null", nullptr, 300, "auth_time"},
      {"asked, a text", std::to_string(kNow), 300, "auth_time"},
      {"asked, a list", json::array({kNow}), 300, "auth_time"},
      {"just now", kNow, 300, ""},
      {"with a fraction", static_cast<double>(kNow) - 0.5, 300, ""},
      {"at the limit with the leeway", kNow - 360, 300, ""},
      {"a second beyond", kNow - 361, 300, "auth_time"},
      {"the clock of Logto is ahead within the leeway", kNow + 60, 300, ""},
      {"in the future", kNow + 61, 300, "auth_time"},
      {"milliseconds", kNow * 1000, 300, "auth_time"},
      {"at the beginning of time", 0, 300, "auth_time"},
      {"before that", -5, 300, "auth_time"},
      {"far before that", -9.0e300, 300, "auth_time"},
      {"nothing but now will do", kNow - 61, 0, "auth_time"},
      {"and now does", kNow, 0, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(rule(c.auth_time, c.max_age_s) == c.rule);
  }
}

TEST_CASE("a sign-in that is too old or of the future is told by how much, for it may be a clock") {
  const auto words = [](std::int64_t auth_time) {
    json claims = good_claims();
    claims["auth_time"] = auth_time;
    IdTokenExpectations expected = expectations();
    expected.max_age_s = 300;
    return judge_verified_payload(claims.dump(), "ES384", expected).error().message;
  };
  CHECK(words(kNow - 400) ==
        "the person proved who they are longer ago than max_age allows: 400 s by this machine's clock");
  CHECK(words(kNow + 90) == "auth_time is in the future: 90 s ahead of this machine's clock");
}

TEST_CASE("the age of a sign-in is taken by Logto's clock alone, within the leeway") {
  const auto at = [](std::int64_t auth_time, std::int64_t iat) {
    return authenticated_at_s({{"auth_time", auth_time}, {"iat", iat}}, kNow);
  };
  CHECK(at(kNow - 100, kNow) == kNow - 100);
  CHECK(at(kNow - 150, kNow - 50) == kNow - 100);  // Logto's clock is behind
  CHECK(at(kNow - 50, kNow + 50) == kNow - 100);   // or ahead
  CHECK(at(kNow + 30, kNow + 30) == kNow);
  CHECK(at(kNow - 1000, kNow - 900) == kNow - 940);  // an old token makes nobody younger
  CHECK(at(kNow + 30, kNow) == kNow);
  CHECK(at(kNow + 61, kNow) == 0);  // nonsense proves nothing, also where nobody asked
  CHECK(at(kNow * 1000, kNow) == 0);
  CHECK(at(0, kNow) == 0);
  CHECK(authenticated_at_s({{"auth_time", "x"}, {"iat", kNow}}, kNow) == 0);
  CHECK(authenticated_at_s({{"auth_time", kNow - 7}}, kNow) == kNow - 7);
  CHECK(authenticated_at_s(json::object(), kNow) == 0);
}

TEST_CASE("form, type, algorithm and key come before anything is believed") {
  const std::string payload = good_claims().dump();
  const auto signed_as = [&](const std::string& header) { return key().sign_text(header, payload, "SHA384"); };
  CHECK(broken_rule(signed_as(R"({"alg":"ES384"})")) == "");
  CHECK(broken_rule(signed_as(R"({"alg":"ES384","kid":"current","typ":"JWT"})")) == "");
  CHECK(broken_rule(signed_as(R"({"alg":"ES384","kid":"current","typ":"at+jwt"})")) == "typ");
  CHECK(broken_rule(signed_as(R"({"alg":"ES384","kid":"current","typ":"logout+jwt"})")) == "typ");
  CHECK(broken_rule(signed_as(R"({"alg":"ES384","kid":"current","crit":["x"],"x":1})")) == "form");
  CHECK(broken_rule(signed_as(R"({"alg":"none"})")) == "alg");
  CHECK(broken_rule(signed_as(R"({"alg":"HS256","kid":"current"})")) == "alg");
  CHECK(broken_rule(signed_as(R"({"alg":"ES256","kid":"current"})")) == "key");
  CHECK(broken_rule(signed_as(R"({"alg":"RS256","kid":"current"})")) == "key");
  CHECK(broken_rule(base64url_encode(R"({"alg":"none"})") + "." + base64url_encode(payload) + ".") == "form");
  CHECK(broken_rule(SigningKey::p384("current").es384(good_claims())) == "signature");
}

TEST_CASE("only a missing key is reported as unknown, so that the set is fetched again") {
  bool unknown_key = false;
  CHECK_FALSE(judge_id_token(SigningKey::p384("next").es384(good_claims()), keys(), expectations(), unknown_key));
  CHECK(unknown_key);
  CHECK_FALSE(judge_id_token(SigningKey::p384("current").es384(good_claims()), keys(), expectations(), unknown_key));
  CHECK_FALSE(unknown_key);
  CHECK_FALSE(judge_id_token("x", keys(), expectations(), unknown_key));
  CHECK_FALSE(unknown_key);
}

TEST_CASE("a payload that isn't one strict JSON object is refused") {
  const std::string header = R"({"alg":"ES384","kid":"current"})";
  const std::string object = good_claims().dump();
  const std::string payloads[] = {"[]",
                                  "\"x\"",
                                  "1",
                                  "",
                                  "{",
                                  object + object,
                                  "\xEF\xBB\xBF" + object,
                                  R"({"sub":"a",)" + object.substr(1),
                                  std::string(10'000, '['),
                                  "{\"x\":\"\xff\"," + object.substr(1)};
  for (const std::string& payload : payloads) {
    CAPTURE(payload.substr(0, 40));
    CHECK(broken_rule(key().sign_text(header, payload, "SHA384")) == "payload");
  }
  CHECK(broken_rule(std::string(10 << 20, 'A')) == "form");
}

TEST_CASE("without an expected nonce or access token nothing that depends on them passes") {
  bool unknown_key = false;
  IdTokenExpectations expected = expectations();
  expected.nonce = "";
  json claims = good_claims();
  claims["nonce"] = "";
  CHECK(judge_id_token(key().es384(claims), keys(), expected, unknown_key).error().rule == "nonce");
  expected = expectations();
  expected.access_token = "";
  claims = good_claims();
  claims["at_hash"] = half_hash(sha384(""));
  CHECK(judge_id_token(key().es384(claims), keys(), expected, unknown_key).error().rule == "at_hash");
}

TEST_CASE("at_hash goes with the token's algorithm") {
  const struct {
    SigningKey key;
    const char* alg;
    const char* digest;
    std::string (*hash)(std::string_view);
  } cases[] = {{SigningKey::rsa(2048, "current"), "RS256", "SHA256", sha256},
               {SigningKey::ec("P-521", 66, "current"), "ES512", "SHA512", sha512},
               {SigningKey::ed25519("current"), "EdDSA", nullptr, sha512}};
  for (const auto& c : cases) {
    CAPTURE(c.alg);
    json claims = good_claims();
    claims["at_hash"] = half_hash(c.hash(kAccessToken));
    auto set = Jwks::parse(c.key.jwks());
    REQUIRE(set);
    CHECK(broken_rule(c.key.sign(c.alg, c.digest, claims), *set) == "");
    claims["at_hash"] = half_hash(sha384(kAccessToken));
    CHECK(broken_rule(c.key.sign(c.alg, c.digest, claims), *set) == "at_hash");
  }
}

TEST_CASE("recorded ID tokens of both Logto versions keep all rules, at_hash and milliseconds included") {
  for (const char* version : {"v1.37.1", "v1.42.0"}) {
    CAPTURE(version);
    const json recorded = test::recorded_json(version, "id-token");
    const json reply = test::recorded_json(version, "token-reply");
    const std::string issuer = recorded["payload"]["iss"];
    const std::string client_id = recorded["payload"]["aud"];
    const std::string nonce = recorded["payload"]["nonce"];
    const std::string access_token = reply["access_token"];
    IdTokenExpectations expected;
    expected.issuer = issuer;
    expected.client_id = client_id;
    expected.nonce = nonce;
    expected.access_token = access_token;
    expected.now_s = recorded["payload"]["iat"].get<std::int64_t>() + 1;
    auto set = Jwks::parse(test::recording(version, "jwks"));
    REQUIRE(set);
    bool unknown_key = false;
    auto judged = judge_id_token(recorded["jwt"].get<std::string>(), *set, expected, unknown_key);
    REQUIRE_MESSAGE(judged, judged.error().rule);
    CHECK(*judged->claims == recorded["payload"]);
    CHECK_FALSE(judged->sid.empty());
  }
}

TEST_CASE("amr is told as words, and nothing that is none or too long") {
  using nlohmann::json;
  CHECK(authentication_methods(json::object()).empty());
  CHECK(authentication_methods({{"amr", json::array({"pwd", "otp"})}}) == "pwd otp");
  CHECK(authentication_methods({{"amr", json::array({"pwd", 7, nullptr, std::string(101, 'x')})}}) == "pwd");
  CHECK(authentication_methods({{"amr", "pwd"}}).empty());
}
