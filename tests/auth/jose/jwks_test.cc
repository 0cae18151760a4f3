#include "auth/jose/jwks.h"

#include <doctest/doctest.h>

#include "auth/jose/verification_key.h"
#include "base/encoding.h"
#include "tests/support/recordings.h"
#include "tests/support/signing.h"

using namespace lp;
using lp::test::SigningKey;
using nlohmann::json;

namespace {

Result<Jwks> set_of(std::initializer_list<json> keys) { return Jwks::parse(json{{"keys", json(keys)}}.dump()); }
json with(json jwk, const char* name, const json& value) {
  jwk[name] = value;
  return jwk;
}
json without(json jwk, const char* name) {
  jwk.erase(name);
  return jwk;
}
bool selects(const Jwks& set, std::string_view kid, std::string_view alg) { return set.select(kid, alg).ok(); }

}  // namespace

TEST_CASE("keys that must not verify are left out, and a set without any other is refused") {
  const json ec = SigningKey::p384("ec").jwk();
  const json rsa = SigningKey::rsa(2048, "rsa").jwk();
  const json small_rsa = SigningKey::rsa(1024, "small").jwk();
  const auto huge = base64url_encode("\x80" + std::string(2047, '\x01'));  // 16384 bits
  const struct {
    std::string name;
    json jwk;
  } cases[] = {
      {"symmetric key", {{"kty", "oct"}, {"k", "AAAA"}, {"kid", "ec"}}},
      {"for encryption", with(ec, "use", "enc")},
      {"use is no text", with(ec, "use", 1)},
      {"key_ops without verify", with(ec, "key_ops", json::array({"sign"}))},
      {"key_ops is no list", with(ec, "key_ops", "verify")},
      {"private half published", with(ec, "d", "AAAA")},
      {"no kty", without(ec, "kty")},
      {"kty in lower case", with(ec, "kty", "ec")},
      {"curve that we don't know", with(ec, "crv", "secp256k1")},
      {"curve of another size", with(ec, "crv", "P-256")},
      {"point off the curve", with(ec, "y", ec["x"])},
      {"point at zero",
       with(with(ec, "x", base64url_encode(std::string(48, '\0'))), "y", base64url_encode(std::string(48, '\0')))},
      {"short coordinate", with(ec, "x", "AAAA")},
      {"coordinate with padding", with(ec, "x", ec["x"].get<std::string>() + "=")},
      {"alg of another type", with(ec, "alg", "RS256")},
      {"alg of another curve", with(ec, "alg", "ES256")},
      {"alg none", with(ec, "alg", "none")},
      {"alg HS256", with(ec, "alg", "HS256")},
      {"alg is null", with(ec, "alg", nullptr)},
      {"kid is a number", with(ec, "kid", 7)},
      {"RSA of 1024 bits", small_rsa},
      {"RSA of 16384 bits", with(rsa, "n", huge)},
      {"RSA modulus even", with(rsa, "n", base64url_encode("\xff" + std::string(255, '\x02')))},
      {"RSA exponent 1", with(rsa, "e", "AQ")},
      {"RSA exponent even", with(rsa, "e", "Ag")},
      {"RSA exponent huge", with(rsa, "e", base64url_encode("\x01" + std::string(40, '\x01')))},
      {"RSA without e", without(rsa, "e")},
      {"X25519", {{"kty", "OKP"}, {"crv", "X25519"}, {"x", base64url_encode(std::string(32, '\x05'))}}},
      {"an array", json::array()},
      {"a number", 7},
  };
  const json good = SigningKey::p384("good").jwk();
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK_FALSE(set_of({c.jwk}));
    auto both = set_of({c.jwk, good});
    REQUIRE(both);
    CHECK(both->size() == 1);
    CHECK(both->has_kid("good"));
  }
  CHECK(set_of({with(ec, "key_ops", json::array({"sign", "verify"}))}));
  CHECK(set_of({without(ec, "use")}));
}

TEST_CASE("a key set is an object with at most 64 keys") {
  const char* bad[] = {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[]})", R"({"keys":null})", "<html>"};
  for (const char* text : bad) {
    CAPTURE(text);
    CHECK_FALSE(Jwks::parse(text));
  }
  json many = json::array();
  for (int i = 0; i < 65; ++i) many.push_back(with(SigningKey::p384("x").jwk(), "kid", std::to_string(i)));
  CHECK_FALSE(Jwks::parse(json{{"keys", many}}.dump()));
  many.erase(0);
  CHECK(Jwks::parse(json{{"keys", many}}.dump()));
}

TEST_CASE("a key is selected by exact kid and by what fits the algorithm") {
  const json ec = SigningKey::p384("a").jwk();
  const json other_ec = SigningKey::p384("b").jwk();
  const json rsa = SigningKey::rsa(2048, "r").jwk();
  auto set = set_of({ec, other_ec, rsa});
  REQUIRE(set);
  CHECK(selects(*set, "a", "ES384"));
  CHECK(selects(*set, "b", "ES384"));
  CHECK(selects(*set, "r", "PS256"));
  CHECK_FALSE(selects(*set, "A", "ES384"));
  CHECK_FALSE(selects(*set, "c", "ES384"));
  CHECK_FALSE(selects(*set, "a", "ES256"));
  CHECK_FALSE(selects(*set, "a", "RS256"));
  CHECK_FALSE(selects(*set, "a", "none"));
  CHECK(selects(*set, "", "RS256"));
  CHECK_FALSE_MESSAGE(selects(*set, "", "ES384"), "two keys fit a token without kid");

  auto twins = set_of({ec, with(other_ec, "kid", "a"), with(rsa, "kid", "a")});
  REQUIRE(twins);
  CHECK_FALSE_MESSAGE(selects(*twins, "a", "ES384"), "two keys with the same kid fit");
  CHECK_MESSAGE(selects(*twins, "a", "RS256"), "the same kid, but only one fits");

  auto nameless = set_of({without(ec, "kid")});
  REQUIRE(nameless);
  CHECK(selects(*nameless, "", "ES384"));
  CHECK_FALSE(selects(*nameless, "a", "ES384"));
  CHECK_FALSE(nameless->has_kid(""));
}

TEST_CASE("recorded key sets of Logto, after a rotation to RSA too") {
  for (const char* version : {"v1.37.1", "v1.42.0"}) {
    auto set = Jwks::parse(test::recording(version, "jwks"));
    REQUIRE(set);
    CHECK(set->size() == 1);
  }
  auto rotated = Jwks::parse(test::recording("v1.42.0", "jwks-after-rotation-to-rsa"));
  REQUIRE(rotated);
  CHECK(rotated->size() == 2);
  CHECK_MESSAGE(selects(*rotated, "", "RS256"), "Logto's RSA JWK has no alg");
}
