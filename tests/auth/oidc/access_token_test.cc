#include "auth/oidc/access_token.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <sstream>

#include "auth/rules/authorize.h"
#include "base/encoding.h"
#include "tests/support/recordings.h"
#include "tests/support/signing.h"

using namespace lp;
using lp::test::SigningKey;
using nlohmann::json;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
constexpr const char* kApi = "https://things.example.test/api";

const SigningKey& key() {
  static const SigningKey instance = SigningKey::p384("current");
  return instance;
}
const Jwks& keys() {
  static const Jwks instance = *Jwks::parse(key().jwks());
  return instance;
}

// Route 1 takes what bearer.audiences lists, route 2 audiences of its own, route 3 no tokens at all.
Settings settings() {
  Settings made;
  made.logto.endpoint = {"https", "auth.example.com", 443};
  made.logto.app_id = "app";
  made.bearer.audiences = {kApi};
  made.routes.resize(3);
  made.routes[0].accept.bearer = true;
  made.routes[1].accept.bearer = true;
  made.routes[1].audiences = {"https://other.example.test/api"};
  made.bearer.issuers.resize(2);
  made.bearer.issuers[0].issuer = "https://ci.example.net";
  made.bearer.issuers[0].audiences = {"deploy", kApi};
  made.bearer.issuers[1].issuer = "https://plain.example.net/";
  made.bearer.issuers[1].type = "JWT";
  return made;
}

json good_claims() {
  return {
      {"iss", "https://auth.example.com/oidc"}, {"aud", kApi},        {"sub", "user1"}, {"client_id", "some-client"},
      {"scope", "read:things write:things"},    {"exp", kNow + 3600}, {"iat", kNow},    {"jti", "one"}};
}
json good_header() { return {{"alg", "ES384"}, {"typ", "at+jwt"}, {"kid", "current"}}; }

std::string token(const json& claims, const json& header = good_header()) {
  return key().sign_text(header.dump(), claims.dump(), "SHA384");
}
std::string token_text(const std::string& payload) { return key().sign_text(good_header().dump(), payload, "SHA384"); }

// The rule that the token breaks, "" when it is accepted.
std::string broken_rule(const std::string& text, const Jwks& set = keys(), const Settings& with = settings()) {
  bool unknown_key = false;
  const auto judged = judge_access_token(text, with, set, kNow, unknown_key);
  return judged ? "" : judged.error().rule;
}

struct Change {
  std::string name;
  std::string rule;  // "": still accepted
  std::function<void(json&)> apply;
};
void check_claims(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    CAPTURE(change.name);
    json claims = good_claims();
    change.apply(claims);
    CHECK(broken_rule(token(claims)) == change.rule);
  }
}
std::string broken_by_header(const std::function<void(json&)>& apply) {
  json header = good_header();
  apply(header);
  return broken_rule(token(good_claims(), header));
}

AccessToken accepted(const json& claims) {
  bool unknown_key = true;
  auto judged = judge_access_token(token(claims), settings(), keys(), kNow, unknown_key);
  REQUIRE(judged);
  CHECK_FALSE(unknown_key);
  return *judged;
}

}  // namespace

TEST_CASE("a token that keeps every rule is accepted with what it says") {
  json claims = good_claims();
  claims["auth_time"] = kNow - 60;
  const AccessToken judged = accepted(claims);
  CHECK(judged.is_from_logto());
  CHECK(judged.sub == "user1");
  CHECK(judged.client_id == "some-client");
  CHECK(judged.scopes == std::vector<std::string>{"read:things", "write:things"});
  CHECK(judged.audiences == std::vector<std::string>{kApi});
  CHECK(judged.issued_at_s == kNow);
  CHECK(judged.expires_at_s == kNow + 3600);
  CHECK(judged.trusted_until_s == kNow + 3600);
  CHECK(judged.authenticated_at_s == kNow - 60);
  CHECK(*judged.claims == claims);
}

TEST_CASE("a token that has expired is told by how much, for it may be a clock") {
  json claims = good_claims();
  claims["iat"] = kNow - 3600;
  claims["exp"] = kNow - 12;
  bool unknown_key = false;
  const auto judged = judge_access_token(token(claims), settings(), keys(), kNow, unknown_key);
  REQUIRE_FALSE(judged);
  CHECK(judged.error().message == "the token has expired 12 s ago by this machine's clock");
}

TEST_CASE("each rule about claims of RFC 9068, section 4, is kept") {
  check_claims({
      {"issuer missing", "iss", [](json& c) { c.erase("iss"); }},
      {"issuer of another host", "iss", [](json& c) { c["iss"] = "https://evil.example.com/oidc"; }},
      {"issuer with a slash more", "iss", [](json& c) { c["iss"] = "https://auth.example.com/oidc/"; }},
      {"issuer on http", "iss", [](json& c) { c["iss"] = "http://auth.example.com/oidc"; }},
      {"issuer in another case", "iss", [](json& c) { c["iss"] = "https://AUTH.example.com/oidc"; }},
      {"issuer in a list", "iss", [](json& c) { c["iss"] = json::array({c["iss"]}); }},
      {"audience missing", "aud", [](json& c) { c.erase("aud"); }},
      {"audience null", "aud", [](json& c) { c["aud"] = nullptr; }},
      {"audience of another API", "aud", [](json& c) { c["aud"] = "https://evil.example.com"; }},
      {"audience a prefix", "aud", [](json& c) { c["aud"] = "https://things.example.test/ap"; }},
      {"audience with a slash more", "aud", [](json& c) { c["aud"] = "https://things.example.test/api/"; }},
      {"audience in another case", "aud", [](json& c) { c["aud"] = "https://Things.example.test/api"; }},
      {"audience our own client", "aud", [](json& c) { c["aud"] = "app"; }},
      {"audience an empty list", "aud", [](json& c) { c["aud"] = json::array(); }},
      {"audience a number", "aud", [](json& c) { c["aud"] = 1; }},
      {"audience list with a number", "aud",
       [](json& c) {
         c["aud"] = json::array({kApi, 1});
       }},
      {"several audiences, one is ours", "",
       [](json& c) {
         c["aud"] = json::array({"other", kApi});
       }},
      {"exp missing", "exp", [](json& c) { c.erase("exp"); }},
      {"exp as text", "exp", [](json& c) { c["exp"] = "1900000000"; }},
      {"exp now", "exp", [](json& c) { c["exp"] = kNow, c["iat"] = kNow - 3600; }},
      {"exp in one second", "", [](json& c) { c["exp"] = kNow + 1, c["iat"] = kNow - 3600; }},
      {"exp beyond all numbers", "", [](json& c) { c["exp"] = 1e300; }},
      {"exp before iat", "iat", [](json& c) { c["iat"] = kNow + 30, c["exp"] = kNow + 10; }},
      {"iat missing", "iat", [](json& c) { c.erase("iat"); }},
      {"iat a day ahead", "iat", [](json& c) { c["iat"] = kNow + 86400, c["exp"] = kNow + 90000; }},
      {"iat within the leeway", "", [](json& c) { c["iat"] = kNow + 60; }},
      {"iat below all numbers", "", [](json& c) { c["iat"] = -1e300; }},
      {"nbf ahead", "nbf", [](json& c) { c["nbf"] = kNow + 61; }},
      {"nbf within the leeway", "", [](json& c) { c["nbf"] = kNow + 60; }},
      {"nbf as text", "nbf", [](json& c) { c["nbf"] = "0"; }},
      {"sub missing", "sub", [](json& c) { c.erase("sub"); }},
      {"sub empty", "sub", [](json& c) { c["sub"] = ""; }},
      {"sub a number", "sub", [](json& c) { c["sub"] = 7; }},
      {"sub with a line end", "sub", [](json& c) { c["sub"] = "a\r\nX-Admin: 1"; }},
      {"sub not ASCII", "sub", [](json& c) { c["sub"] = "山田"; }},
      {"sub of 300 characters", "sub", [](json& c) { c["sub"] = std::string(300, 'a'); }},
      {"client_id missing", "client_id", [](json& c) { c.erase("client_id"); }},
      {"client_id null", "client_id", [](json& c) { c["client_id"] = nullptr; }},
      {"scope missing", "", [](json& c) { c.erase("scope"); }},
      {"scope empty", "", [](json& c) { c["scope"] = ""; }},
      {"scope a list", "scope", [](json& c) { c["scope"] = json::array({"a"}); }},
      {"scope with a quote", "scope", [](json& c) { c["scope"] = "a \" b"; }},
      {"scope with a tab", "scope", [](json& c) { c["scope"] = "a\tb"; }},
      {"with a nonce, as ID tokens", "kind", [](json& c) { c["nonce"] = "n"; }},
      {"with at_hash, as ID tokens", "kind", [](json& c) { c["at_hash"] = "h"; }},
      {"with events, as logout tokens", "kind", [](json& c) { c["events"] = json::object(); }},
  });
}

TEST_CASE("only the type of an access token passes") {
  for (const char* typ : {"at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"}) {
    CAPTURE(std::string(typ));
    CHECK(broken_by_header([&](json& h) { h["typ"] = typ; }) == "");
  }
  for (const char* typ : {"JWT", "logout+jwt", "at+jwt ", "application/", "application/application/at+jwt", ""}) {
    CAPTURE(std::string(typ));
    CHECK(broken_by_header([&](json& h) { h["typ"] = typ; }) == "typ");
  }
  CHECK(broken_by_header([](json& h) { h.erase("typ"); }) == "typ");
  CHECK(broken_by_header([](json& h) { h["typ"] = 1; }) == "form");
  CHECK(broken_by_header([](json& h) { h["crit"] = {"exp"}; }) == "form");
}

TEST_CASE("an issuer whose tokens are plain JWT may write no type, and still no ID token passes") {
  json claims = good_claims();
  claims["iss"] = "https://plain.example.net/";
  claims.erase("client_id");
  for (const json& header : {json{{"alg", "ES384"}, {"kid", "current"}},
                             json{{"alg", "ES384"}, {"kid", "current"}, {"typ", "JWT"}}, good_header()}) {
    CAPTURE(header.dump());
    CHECK(broken_rule(token(claims, header)) == "");
    json id_token = claims;
    id_token["nonce"] = "n";
    CHECK(broken_rule(token(id_token, header)) == "kind");
  }
  CHECK(broken_rule(token(claims, {{"alg", "ES384"}, {"kid", "current"}, {"typ", "logout+jwt"}})) == "typ");
}

TEST_CASE("what a route takes is judged for each route") {
  const Settings with = settings();
  const auto fits = [&](const json& claims, std::size_t route) {
    return access_token_is_for(accepted(claims), with.routes[route], with);
  };
  json claims = good_claims();
  CHECK(fits(claims, 0));
  CHECK_FALSE_MESSAGE(fits(claims, 1), "O41: that it is good on one route says nothing of another one");
  claims["aud"] = "https://other.example.test/api";
  CHECK_FALSE(fits(claims, 0));
  CHECK(fits(claims, 1));
}

TEST_CASE("a further issuer speaks for its own audiences only") {
  Settings with = settings();
  json claims = good_claims();
  claims["iss"] = "https://ci.example.net";
  AccessToken judged = accepted(claims);
  CHECK(judged.issuer == 1);
  CHECK(access_token_is_for(judged, with.routes[0], with));
  CHECK_FALSE(access_token_is_for(judged, with.routes[1], with));
  judged.audiences = {"https://other.example.test/api"};
  CHECK_FALSE_MESSAGE(access_token_is_for(judged, with.routes[1], with), "the route takes it, from others");
  judged.audiences = {"deploy"};
  CHECK(access_token_is_for(judged, with.routes[0], with));
  with.bearer.issuers[0].audiences.clear();
  CHECK_FALSE(access_token_is_for(judged, with.routes[0], with));
}

TEST_CASE("organizations of Logto's tokens are known to rules") {
  json claims = good_claims();
  claims["organization_id"] = "acme";
  CHECK((*accepted(claims).claims)["organizations"] == json::array({"acme"}));
  claims["aud"] = json::array({kApi, "urn:logto:organization:other"});
  CHECK((*accepted(claims).claims)["organizations"] == json::array({"acme", "other"}));
  claims["iss"] = "https://ci.example.net";
  CHECK_FALSE_MESSAGE(accepted(claims).claims->contains("organizations"), "Logto's organizations are Logto's to tell");
}

TEST_CASE("real tokens of Logto pass with what they say") {
  const std::string version = "v1.42.0";
  Settings with = settings();
  with.logto.endpoint = {"http", "localhost", 3411};
  with.bearer.audiences = {"https://things.example.test/api", "https://default.logto.app/api"};
  const Jwks set = *Jwks::parse(test::recording(version, "jwks"));
  bool unknown_key = false;
  const std::string of_user = test::recorded_json(version, "access-token-api-resource")["jwt"];
  const auto user = judge_access_token(of_user, with, set, 1795317017, unknown_key);
  REQUIRE(user);
  CHECK(user->sub == "w4ndvwcirbdr");
  CHECK(user->scopes == std::vector<std::string>{"read:things", "write:things", "delete:things"});
  const std::string of_machine = test::recorded_json(version, "m2m-token")["access_token"];
  const auto machine = judge_access_token(of_machine, with, set, 1795317017, unknown_key);
  REQUIRE(machine);
  CHECK(machine->sub == machine->client_id);
  const std::string id_token = test::recorded_json(version, "id-token")["jwt"];
  CHECK(judge_access_token(id_token, with, set, 1795317017, unknown_key).error().rule == "typ");
}

TEST_CASE("scopes are read as RFC 6749 writes them") {
  CHECK(*parse_scope("") == std::vector<std::string>{});
  CHECK(*parse_scope("a") == std::vector<std::string>{"a"});
  CHECK(*parse_scope(" a  b ") == std::vector<std::string>{"a", "b"});
  for (const char* bad : {"a\nb", "a\"", "a\\b", "\x7f", "\xc3\xa4"}) CHECK_FALSE(parse_scope(bad));
  std::string many;
  for (int i = 0; i < 300; ++i) many += "s ";
  CHECK_FALSE(parse_scope(many));
}

namespace {

std::string sized(std::size_t bytes) {
  json claims = good_claims();
  claims["padding"] = std::string(bytes, 'x');
  return token(claims);
}

// Every row of the corpus that can be played with an access token; several variants in one row.
using List = std::vector<std::string>;
using Attacks = std::vector<std::pair<std::string, std::function<List()>>>;

Attacks attacks_on_the_header() {
  return {
      {"J01",
       [] {
         json header = good_header();
         header["alg"] = "none";
         const std::string signed_part = base64url_encode(header.dump()) + "." + base64url_encode(good_claims().dump());
         return List{signed_part + ".", signed_part, token(good_claims(), header)};
       }},
      {"J02",
       [] {
         List made;
         for (const char* alg : {"None", "NONE", "nOnE", "none "}) {
           json header = good_header();
           header["alg"] = alg;
           made.push_back(token(good_claims(), header));
         }
         json header = good_header();
         header["alg"] = std::string("none\0", 5);
         made.push_back(token(good_claims(), header));
         return made;
       }},
      {"J03",
       [] {
         List made;
         for (const json& alg : {json(nullptr), json(""), json(256), json::array({"RS256"})}) {
           json header = good_header();
           header["alg"] = alg;
           made.push_back(token(good_claims(), header));
         }
         json header = good_header();
         header.erase("alg");
         made.push_back(token(good_claims(), header));
         return made;
       }},
      {"J06",
       [] {
         json header = good_header();
         header["alg"] = "HS256";
         return List{token(good_claims(), header)};
       }},
      {"J07",
       [] {
         json header = good_header();
         header["alg"] = "RS256";
         return List{token(good_claims(), header)};
       }},
      {"J10",
       [] {
         json header = good_header();
         header["alg"] = "ES256";
         return List{token(good_claims(), header), key().sign_text(header.dump(), good_claims().dump(), "SHA256")};
       }},
      {"J15",
       [] {
         json header = good_header();
         header["kid"] = "unknown";
         return List{token(good_claims(), header)};
       }},
  };
}

Attacks attacks_on_the_form() {
  return {
      {"J30",
       [] {
         const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
         return List{token_text("[]"),
                     token_text("\"text\""),
                     token_text("1"),
                     token_text("{\"iss\":" + deep + "}"),
                     token_text("{\"iss\":\"\xff\"}"),
                     token_text("\xef\xbb\xbf" + good_claims().dump()),
                     sized(10'000'000)};
       }},
      {"J32",
       [] {
         const std::string good = token(good_claims());
         return List{good + ".x", good.substr(0, good.rfind('.')), good + "..", std::string(1'000'000, '.')};
       }},
      {"J33",
       [] {
         const std::string good = token(good_claims());
         const std::size_t first = good.find('.');
         const std::size_t second = good.rfind('.');
         return List{json{{"protected", good.substr(0, first)},
                          {"payload", good.substr(first + 1, second - first - 1)},
                          {"signature", good.substr(second + 1)}}
                         .dump()};
       }},
      {"J34",
       [] {
         const std::string header = base64url_encode(R"({"alg":"dir","enc":"A256GCM","zip":"DEF","typ":"at+jwt"})");
         return List{header + "..AAAA.BBBB.CCCC"};
       }},
      {"J47",
       [] {
         json id_token = good_claims();
         id_token["aud"] = "app";
         id_token["nonce"] = "n";
         json for_api = good_claims();
         for_api["nonce"] = "n";
         json logout = good_claims();
         logout["events"] = json::object();
         json as_jwt = good_header();
         as_jwt["typ"] = "JWT";
         json as_logout = good_header();
         as_logout["typ"] = "logout+jwt";
         json untyped = good_header();
         untyped.erase("typ");
         return List{token(id_token),          token(for_api),
                     token(for_api, as_jwt),   token(good_claims(), as_jwt),
                     token(logout, as_logout), token(good_claims(), untyped)};
       }},
  };
}

Attacks attacks() {
  Attacks all = attacks_on_the_header();
  for (auto& attack : attacks_on_the_form()) all.push_back(std::move(attack));
  return all;
}

// The rows that are about claims, as the table of rules above plays them; about key sets, which jwks_test plays for all
// kinds of tokens; or about something that an access token has no part in.
const std::set<std::string> kElsewhere = {"J16", "J19", "J20", "J21", "J22", "J23", "J24", "J25",
                                          "J27", "J28", "J36", "J37", "J38", "J40", "J41", "J42",
                                          "J43", "J44", "J45", "J46", "J49", "J53", "J54", "J55"};

}  // namespace

TEST_CASE("every attack on tokens is refused") {
  for (const auto& [row, make] : attacks()) {
    for (const std::string& text : make()) {
      CAPTURE(row);
      CAPTURE(text.substr(0, 120));
      CHECK(broken_rule(text) != "");
    }
  }
}

TEST_CASE("no row of the corpus of attacks is forgotten") {
  std::set<std::string> played = kElsewhere;
  for (const auto& [row, make] : attacks()) played.insert(row);
  std::istringstream rows(test::read_text(LP_SOURCE_DIR "/tests/corpora/jwt-attacks.tsv"));
  std::string line;
  std::getline(rows, line);
  while (std::getline(rows, line)) {
    CAPTURE(line);
    CHECK(played.contains(line.substr(0, line.find('\t'))));
  }
}

TEST_CASE("repeated members, a changed byte and other keys are refused") {
  CHECK(broken_rule(token_text(R"({"aud":"x",)" + good_claims().dump().substr(1))) == "payload");
  std::string changed = token(good_claims());
  changed[changed.size() - 10] = changed[changed.size() - 10] == 'A' ? 'B' : 'A';
  CHECK(broken_rule(changed) == "signature");
  const SigningKey other = SigningKey::p384("current");
  CHECK(broken_rule(other.sign_text(good_header().dump(), good_claims().dump(), "SHA384")) == "signature");
  CHECK(broken_rule(sized(7'000)) == "form");
  CHECK(broken_rule(sized(4'000)) == "");
}

TEST_CASE("only a missing key asks for keys") {
  bool unknown_key = false;
  json header = good_header();
  header["kid"] = "unknown";
  CHECK_FALSE(judge_access_token(token(good_claims(), header), settings(), keys(), kNow, unknown_key));
  CHECK(unknown_key);
  CHECK_FALSE(judge_access_token(token(good_claims()) + "x", settings(), keys(), kNow, unknown_key));
  CHECK_FALSE(unknown_key);
}
