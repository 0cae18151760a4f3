#include "auth/oidc/logout_token.h"

#include <doctest/doctest.h>

#include <functional>

#include "auth/oidc/backchannel_logout_request.h"
#include "auth/oidc/id_token.h"
#include "base/encoding.h"
#include "tests/support/recordings.h"
#include "tests/support/signing.h"

using namespace lp;
using lp::test::SigningKey;
using nlohmann::json;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
constexpr const char* kEvent = "http://schemas.openid.net/event/backchannel-logout";

const SigningKey& key() {
  static const SigningKey instance = SigningKey::p384("current");
  return instance;
}
const Jwks& keys() {
  static const Jwks instance = *Jwks::parse(key().jwks());
  return instance;
}

// As Logto 1.42.0 sends them.
json good_claims() {
  return {{"iss", "https://auth.example.com/oidc"},
          {"aud", "app"},
          {"sub", "user1"},
          {"sid", "session1"},
          {"iat", kNow},
          {"exp", kNow + 120},
          {"jti", "token1"},
          {"events", {{kEvent, json::object()}}}};
}
LogoutTokenExpectations expectations() { return {"https://auth.example.com/oidc", "app", kNow}; }

std::string signed_as(const std::string& header, const json& claims = good_claims()) {
  return key().sign_text(header, claims.dump(), "SHA384");
}
std::string logout_jwt(const json& claims) {
  return signed_as(R"({"alg":"ES384","typ":"logout+jwt","kid":"current"})", claims);
}

// The rule that the token breaks, "" when it is accepted.
std::string broken_by(const std::string& token) {
  bool unknown_key = false;
  auto judged = judge_logout_token(token, keys(), expectations(), unknown_key);
  return judged ? "" : judged.error().rule;
}

struct Change {
  std::string name;
  std::string rule;  // "": still accepted
  std::function<void(json&)> apply;
};

}  // namespace

TEST_CASE("a logout token that keeps every rule says who, which and until when") {
  bool unknown_key = true;
  auto judged = judge_logout_token(logout_jwt(good_claims()), keys(), expectations(), unknown_key);
  REQUIRE(judged);
  CHECK(judged->sub == "user1");
  CHECK(judged->sid == "session1");
  CHECK(judged->jti == "token1");
  CHECK(judged->iat_s == kNow);
  CHECK(judged->exp_s == kNow + 120);
  CHECK(judged->remember_until_s == kNow + 120 + 60);
  CHECK_FALSE(unknown_key);
}

TEST_CASE("each rule of Back-Channel Logout 2.6 is kept") {
  const Change changes[] = {
      {"issuer missing", "iss", [](json& c) { c.erase("iss"); }},
      {"issuer of another host", "iss", [](json& c) { c["iss"] = "https://evil.example.com/oidc"; }},
      {"issuer with a slash more", "iss", [](json& c) { c["iss"] = "https://auth.example.com/oidc/"; }},
      {"issuer in a list", "iss", [](json& c) { c["iss"] = json::array({c["iss"]}); }},
      {"audience missing", "aud", [](json& c) { c.erase("aud"); }},
      {"audience null", "aud", [](json& c) { c["aud"] = nullptr; }},
      {"audience another client", "aud", [](json& c) { c["aud"] = "other"; }},
      {"audience list of others", "aud", [](json& c) { c["aud"] = {"other"}; }},
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
      {"iat missing", "iat", [](json& c) { c.erase("iat"); }},
      {"iat null", "iat", [](json& c) { c["iat"] = nullptr; }},
      {"iat as text", "iat", [](json& c) { c["iat"] = std::to_string(kNow); }},
      {"iat a day ahead", "iat", [](json& c) { c["iat"] = kNow + 86400, c["exp"] = kNow + 90000; }},
      {"iat just over the leeway ahead", "iat", [](json& c) { c["iat"] = kNow + 61; }},
      {"iat within the leeway ahead", "", [](json& c) { c["iat"] = kNow + 60; }},
      {"iat after exp", "iat", [](json& c) { c["iat"] = kNow + 30, c["exp"] = kNow + 10; }},
      {"iat with a fraction", "", [](json& c) { c["iat"] = static_cast<double>(kNow) - 0.5; }},
      {"iat immensely negative", "age", [](json& c) { c["iat"] = -1e300; }},
      {"exp as text", "exp", [](json& c) { c["exp"] = "1900000000"; }},
      {"exp over the leeway ago", "exp", [](json& c) { c["exp"] = kNow - 60, c["iat"] = kNow - 180; }},
      {"exp within the leeway", "", [](json& c) { c["exp"] = kNow - 59, c["iat"] = kNow - 179; }},
      {"exp missing and fresh, as of Logto 1.37.1", "", [](json& c) { c.erase("exp"); }},
      {"exp null and fresh", "", [](json& c) { c["exp"] = nullptr; }},
      {"exp missing and five minutes old", "", [](json& c) { c.erase("exp"), c["iat"] = kNow - 300; }},
      {"exp missing and older", "age", [](json& c) { c.erase("exp"), c["iat"] = kNow - 301; }},
      {"exp null and older", "age", [](json& c) { c["exp"] = nullptr, c["iat"] = kNow - 301; }},
      {"exp in a year but an hour old", "", [](json& c) { c["exp"] = kNow + 31536000, c["iat"] = kNow - 3600; }},
      {"exp in a year but older than an hour", "age",
       [](json& c) { c["exp"] = kNow + 31536000, c["iat"] = kNow - 3601; }},
      {"exp beyond all calendars", "", [](json& c) { c["exp"] = 1e300; }},
      {"nbf in the future", "nbf", [](json& c) { c["nbf"] = kNow + 61; }},
      {"sub alone", "", [](json& c) { c.erase("sid"); }},
      {"sub and a null sid", "", [](json& c) { c["sid"] = nullptr; }},
      {"sid alone", "", [](json& c) { c.erase("sub"); }},
      {"sid and a null sub", "", [](json& c) { c["sub"] = nullptr; }},
      {"neither sub nor sid", "who", [](json& c) { c.erase("sub"), c.erase("sid"); }},
      {"both null", "who", [](json& c) { c["sub"] = nullptr, c["sid"] = nullptr; }},
      {"sub a number", "sub", [](json& c) { c["sub"] = 7; }},
      {"sub empty", "sub", [](json& c) { c["sub"] = ""; }},
      {"sub of 256 characters", "sub", [](json& c) { c["sub"] = std::string(256, 'a'); }},
      {"sub with a line break", "sub", [](json& c) { c["sub"] = "a\nb"; }},
      {"sid a list", "sid", [](json& c) { c["sid"] = json::array({"session1"}); }},
      {"sid empty", "sid", [](json& c) { c["sid"] = ""; }},
      {"sid of 256 characters", "sid", [](json& c) { c["sid"] = std::string(256, 'a'); }},
      {"events missing", "events", [](json& c) { c.erase("events"); }},
      {"events null", "events", [](json& c) { c["events"] = nullptr; }},
      {"events empty", "events", [](json& c) { c["events"] = json::object(); }},
      {"events the name itself", "events", [](json& c) { c["events"] = kEvent; }},
      {"events a list of the name", "events", [](json& c) { c["events"] = json::array({kEvent}); }},
      {"events of something else", "events",
       [](json& c) {
         c["events"] = {{"http://schemas.openid.net/event/other", json::object()}};
       }},
      {"event in another case", "events",
       [](json& c) {
         c["events"] = {{"http://schemas.openid.net/event/Backchannel-Logout", json::object()}};
       }},
      {"event null", "events", [](json& c) { c["events"][kEvent] = nullptr; }},
      {"event true", "events", [](json& c) { c["events"][kEvent] = true; }},
      {"event a list", "events", [](json& c) { c["events"][kEvent] = json::array(); }},
      {"event not empty", "", [](json& c) { c["events"][kEvent]["reason"] = "x"; }},
      {"another event beside", "", [](json& c) { c["events"]["urn:other"] = 1; }},
      {"nonce present", "nonce", [](json& c) { c["nonce"] = "n"; }},
      {"nonce null", "nonce", [](json& c) { c["nonce"] = nullptr; }},
      {"jti missing", "jti", [](json& c) { c.erase("jti"); }},
      {"jti null", "jti", [](json& c) { c["jti"] = nullptr; }},
      {"jti a number", "jti", [](json& c) { c["jti"] = 1; }},
      {"jti empty", "jti", [](json& c) { c["jti"] = ""; }},
      {"jti of 255 characters", "", [](json& c) { c["jti"] = std::string(255, 'a'); }},
      {"jti of 256 characters", "jti", [](json& c) { c["jti"] = std::string(256, 'a'); }},
      {"a claim of no meaning to us", "", [](json& c) { c["x"] = nullptr; }},
  };
  for (const Change& change : changes) {
    CAPTURE(change.name);
    json claims = good_claims();
    change.apply(claims);
    CHECK(broken_by(logout_jwt(claims)) == change.rule);
  }
}

TEST_CASE("form, type, algorithm and key come before anything is believed") {
  const std::string good = logout_jwt(good_claims());
  const auto with_typ = [](const std::string& typ) {
    return signed_as(R"({"alg":"ES384","kid":"current","typ":)" + typ + "}");
  };
  const struct {
    const char* name;
    std::string token;
    const char* rule;
  } cases[] = {
      {"typ logout+jwt", good, ""},
      {"typ in another case", with_typ(R"("LOGOUT+JWT")"), ""},
      {"typ as a media type", with_typ(R"("application/logout+jwt")"), ""},
      {"typ JWT", with_typ(R"("JWT")"), ""},
      {"typ missing", signed_as(R"({"alg":"ES384","kid":"current"})"), ""},
      {"typ of an access token", with_typ(R"("at+jwt")"), "typ"},
      {"typ of an access token as a media type", with_typ(R"("application/at+jwt")"), "typ"},
      {"typ of a security event", with_typ(R"("secevent+jwt")"), "typ"},
      {"typ with a space", with_typ(R"("logout+jwt ")"), "typ"},
      {"typ a number", with_typ("7"), "form"},
      {"typ null", with_typ("null"), "form"},
      {"typ twice", with_typ(R"("at+jwt","typ":"logout+jwt")"), "form"},
      {"alg none over the honest signature", signed_as(R"({"alg":"none","typ":"logout+jwt","kid":"current"})"), "alg"},
      {"alg none and no signature",
       base64url_encode(R"({"alg":"none","typ":"logout+jwt"})") + "." + base64url_encode(good_claims().dump()) + ".",
       "form"},
      {"alg None", signed_as(R"({"alg":"None","typ":"logout+jwt","kid":"current"})"), "alg"},
      {"alg HS256", signed_as(R"({"alg":"HS256","typ":"logout+jwt","kid":"current"})"), "alg"},
      {"alg of another key type", signed_as(R"({"alg":"RS256","typ":"logout+jwt","kid":"current"})"), "key"},
      {"a critical header", signed_as(R"({"alg":"ES384","kid":"current","crit":["x"],"x":1})"), "form"},
      {"a stranger's key under a known id", SigningKey::p384("current").es384(good_claims()), "signature"},
      {"a stranger's key", SigningKey::p384("stranger").es384(good_claims()), "key"},
      {"encrypted: five parts", "e30.a.b.c.d", "encrypted"},
      {"the signature cut off", good.substr(0, good.rfind('.') + 1), "form"},
      {"cut in the middle", good.substr(0, good.size() / 2), "form"},
      {"the last three bytes cut off", good.substr(0, good.size() - 4), "signature"},
      {"four parts", good + ".AAAA", "form"},
      {"nothing", "", "form"},
      {"a million dots", std::string(1'000'000, '.'), "form"},
      {"longer than any of Logto's", good + std::string(kMaxLogoutTokenBytes, 'A'), "form"},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name));
    CHECK(broken_by(c.token) == std::string(c.rule));
  }
}

TEST_CASE("a logout token of a key that is not known says so, and no other does") {
  bool unknown_key = false;
  const auto judge = [&](const std::string& token) {
    return judge_logout_token(token, keys(), expectations(), unknown_key).ok();
  };
  CHECK_FALSE(judge(SigningKey::p384("next").es384(good_claims())));
  CHECK(unknown_key);
  CHECK_FALSE(judge(SigningKey::p384("current").es384(good_claims())));
  CHECK_FALSE(unknown_key);
  CHECK_FALSE(judge("x"));
  CHECK_FALSE(unknown_key);
  CHECK_FALSE(
      judge(SigningKey::p384("next").sign_text(R"({"alg":"ES384","kid":"next","typ":"at+jwt"})", "{}", "SHA384")));
  CHECK_FALSE(unknown_key);
}

TEST_CASE("a payload that isn't one strict JSON object is no logout token") {
  const std::string header = R"({"alg":"ES384","typ":"logout+jwt","kid":"current"})";
  const std::string object = good_claims().dump();
  for (const std::string& payload : {std::string("[]"), std::string("\"x\""), std::string(), std::string("{"),
                                     object + object, R"({"sub":"admin",)" + object.substr(1),
                                     R"({"events":{"a":1,"a":2},)" + object.substr(1), std::string(5000, '[')}) {
    CAPTURE(payload.substr(0, 40));
    CHECK(broken_by(key().sign_text(header, payload, "SHA384")) == "payload");
  }
}

TEST_CASE("a logout token that is too old is told by how much, for it may be a clock") {
  json claims = good_claims();
  claims.erase("exp");
  LogoutTokenExpectations later = expectations();
  later.now_s = kNow + 400;
  bool unknown_key = false;
  CHECK(judge_logout_token(logout_jwt(claims), keys(), later, unknown_key).error().message ==
        "token is too old: 400 s old by this machine's clock");
}

TEST_CASE("what is accepted can be remembered for as long as it would be accepted again") {
  const auto remembered = [](const json& claims) {
    bool unknown_key = false;
    auto judged = judge_logout_token(logout_jwt(claims), keys(), expectations(), unknown_key);
    REQUIRE(judged);
    // A copy one second after that must be refused by its age alone.
    LogoutTokenExpectations later = expectations();
    later.now_s = judged->remember_until_s + 1;
    CHECK_FALSE(judge_logout_token(logout_jwt(claims), keys(), later, unknown_key));
    return judged->remember_until_s;
  };
  json claims = good_claims();
  CHECK(remembered(claims) == kNow + 180);
  claims["exp"] = static_cast<double>(kNow) + 119.5;
  CHECK(remembered(claims) == kNow + 180);
  claims["exp"] = 1e300;
  CHECK(remembered(claims) == kNow + 3600);
  claims.erase("exp");
  CHECK(remembered(claims) == kNow + 300);
  claims["iat"] = static_cast<double>(kNow) - 0.5;
  CHECK(remembered(claims) == kNow + 300);
}

TEST_CASE("an ID token is no logout token and a logout token no ID token (jwt-attacks J46, J47)") {
  const json id_claims = {{"iss", "https://auth.example.com/oidc"},
                          {"aud", "app"},
                          {"sub", "user1"},
                          {"sid", "session1"},
                          {"iat", kNow},
                          {"exp", kNow + 3600},
                          {"nonce", "n"}};
  CHECK(broken_by(key().es384(id_claims)) == "events");
  CHECK(broken_by(logout_jwt(id_claims)) == "events");
  json both = id_claims;
  both.update(good_claims());
  CHECK(broken_by(logout_jwt(both)) == "nonce");

  IdTokenExpectations sign_in;
  sign_in.issuer = "https://auth.example.com/oidc";
  sign_in.client_id = "app";
  sign_in.nonce = "n";
  sign_in.now_s = kNow;
  bool unknown_key = false;
  CHECK(judge_id_token(logout_jwt(both), keys(), sign_in, unknown_key).error().rule == "typ");
  CHECK(judge_id_token(key().es384(good_claims()), keys(), sign_in, unknown_key).error().rule == "nonce");
}

TEST_CASE("recorded logout tokens of both Logto versions keep all rules, recorded ID tokens do not") {
  const struct {
    const char* version;
    const char* name;
    const char* jwks;
    bool has_sid, has_exp;
  } cases[] = {{"v1.37.1", "logout-token-with-sid", "jwks", true, false},
               {"v1.37.1", "logout-token-without-sid", "jwks", false, false},
               {"v1.42.0", "logout-token-with-sid", "jwks", true, true},
               {"v1.42.0", "logout-token-without-sid", "jwks", false, true},
               {"v1.42.0", "logout-token-rs256", "jwks-after-rotation-to-rsa", true, true}};
  for (const auto& c : cases) {
    CAPTURE(c.version);
    CAPTURE(c.name);
    const json recorded = test::recorded_json(c.version, c.name);
    const json& payload = recorded["payload"];
    const std::string issuer = payload["iss"];
    const std::string client_id = payload["aud"];
    const LogoutTokenExpectations expected{issuer, client_id, payload["iat"].get<std::int64_t>() + 1};
    auto set = Jwks::parse(test::recording(c.version, c.jwks));
    REQUIRE(set);
    auto token = parse_logout_request("application/x-www-form-urlencoded", recorded["body"].get<std::string>());
    REQUIRE(token);
    bool unknown_key = false;
    auto judged = judge_logout_token(*token, *set, expected, unknown_key);
    REQUIRE_MESSAGE(judged, judged.error().rule << ": " << judged.error().message);
    CHECK(judged->sub == payload["sub"]);
    CHECK(judged->jti == payload["jti"]);
    CHECK(judged->sid.empty() == !c.has_sid);
    CHECK((judged->exp_s == 0) == !c.has_exp);
    const json id_token = test::recorded_json(c.version, "id-token");
    const std::string other_client = id_token["payload"]["aud"];
    auto id_set = Jwks::parse(test::recording(c.version, "jwks"));
    auto as_logout =
        judge_logout_token(id_token["jwt"].get<std::string>(), *id_set,
                           {issuer, other_client, id_token["payload"]["iat"].get<std::int64_t>() + 1}, unknown_key);
    REQUIRE_FALSE(as_logout);
    CHECK(as_logout.error().rule == "events");
  }
}

TEST_CASE("a logout request is a form with one logout_token") {
  const std::string form = "application/x-www-form-urlencoded";
  const struct {
    const char* name;
    std::string content_type, body, rule, token;
  } cases[] = {
      {"as Logto sends it", form, "logout_token=a.b.c", "", "a.b.c"},
      {"with a charset", "Application/X-WWW-Form-URLencoded ; charset=utf-8", "logout_token=a.b.c", "", "a.b.c"},
      {"with other parameters", form, "x=1&logout_token=a.b.c&x=2", "", "a.b.c"},
      {"percent-encoded", form, "logout%5Ftoken=a%2Eb.c", "", "a.b.c"},
      {"no content type", "", "logout_token=a.b.c", "content_type", ""},
      {"JSON", "application/json", R"({"logout_token":"a.b.c"})", "content_type", ""},
      {"multipart", "multipart/form-data; boundary=x", "logout_token=a.b.c", "content_type", ""},
      {"a type that begins alike", form + "x", "logout_token=a.b.c", "content_type", ""},
      {"twice", form, "logout_token=a.b.c&logout_token=a.b.c", "logout_token", ""},
      {"twice, once encoded", form, "logout_token=a.b.c&logout%5ftoken=d.e.f", "logout_token", ""},
      {"empty and then one", form, "logout_token=&logout_token=a.b.c", "logout_token", ""},
      {"empty", form, "logout_token=", "logout_token", ""},
      {"missing", form, "id_token=a.b.c", "logout_token", ""},
      {"in another case", form, "Logout_Token=a.b.c", "logout_token", ""},
      {"no body", form, "", "logout_token", ""},
      {"a broken escape", form, "logout_token=a.b.c&x=%zz", "form", ""},
      {"too long", form, "logout_token=" + std::string(kMaxLogoutRequestBytes, 'a'), "size", ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    auto parsed = parse_logout_request(c.content_type, c.body);
    CHECK((parsed ? "" : parsed.error().rule) == c.rule);
    CHECK((parsed ? *parsed : "") == c.token);
  }
}
