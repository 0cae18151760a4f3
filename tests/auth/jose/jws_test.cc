#include "auth/jose/jws.h"

#include <doctest/doctest.h>

#include "auth/jose/verification_key.h"
#include "base/encoding.h"
#include "tests/support/recordings.h"
#include "tests/support/signing.h"

using namespace lp;
using lp::test::SigningKey;
using nlohmann::json;

namespace {

std::string token_with_header(const std::string& header) { return base64url_encode(header) + ".e30.c2ln"; }

Result<void> verify(const std::string& token, const json& jwk) {
  auto jws = parse_jws(token);
  if (!jws) return jws.error();
  auto key = VerificationKey::from_jwk(jwk);
  if (!key) return key.error();
  return verify_jws(*jws, *key);
}

struct Scheme {
  const char* alg;
  const char* digest;
  bool pss;
};

}  // namespace

TEST_CASE("a compact JWS has exactly three parts of base64url") {
  const std::string good = token_with_header(R"({"alg":"ES384","kid":"k","typ":"JWT"})");
  auto jws = parse_jws(good);
  REQUIRE(jws);
  CHECK(jws->alg == "ES384");
  CHECK(jws->kid == "k");
  CHECK(jws->typ == "JWT");
  CHECK(jws->payload == "{}");
  CHECK(jws->signature == "sig");
  CHECK(jws->signed_part == good.substr(0, good.rfind('.')));

  const std::string head = base64url_encode(R"({"alg":"ES384"})");
  const std::string bad[] = {"",
                             ".",
                             "..",
                             "...",
                             "a.b",
                             head + ".e30",
                             head + ".e30.",
                             head + ".e30.c2ln.x",
                             head + ".e30.c2ln.x.y",
                             head + "=.e30.c2ln",
                             head + ".e30=.c2ln",
                             head + ".e30.c2ln=",
                             head + ".e30.c2l/",
                             head + ".e3 0.c2ln",
                             head + ".e30.c2lo\n",
                             " " + good,
                             good + " ",
                             std::string(1'000'000, '.'),
                             "{\"payload\":\"e30\",\"signatures\":[]}",
                             head + "." + std::string(1'100'000, 'A') + ".c2ln"};
  for (const std::string& token : bad) {
    CAPTURE(token.substr(0, 60));
    CHECK_FALSE(parse_jws(token));
  }
}

TEST_CASE("a JWS header is an object with a text alg and nothing that changes what is signed") {
  const char* bad[] = {"{}",
                       R"({"alg":null})",
                       R"({"alg":""})",
                       R"({"alg":256})",
                       R"({"alg":["RS256"]})",
                       R"({"alg":"RS256","alg":"none"})",
                       R"({"alg":"ES384","crit":["exp"]})",
                       R"({"alg":"ES384","crit":[],"b64":false})",
                       R"({"alg":"ES384","b64":false})",
                       R"({"alg":"ES384","b64":true})",
                       R"({"alg":"ES384","zip":"DEF"})",
                       R"({"alg":"ES384","zip":null})",
                       R"({"alg":"ES384","enc":"A256GCM"})",
                       R"({"alg":"ES384","sigD":{}})",
                       R"({"alg":"ES384","kid":1})",
                       R"({"alg":"ES384","typ":{}})",
                       R"(["ES384"])",
                       R"("ES384")",
                       "not json"};
  for (const char* header : bad) {
    CAPTURE(header);
    CHECK_FALSE(parse_jws(token_with_header(header)));
  }
}

TEST_CASE("only asymmetric algorithms of the list are allowed, in their exact spelling") {
  for (const char* alg : {"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"}) {
    CAPTURE(alg);
    CHECK(is_allowed_alg(alg));
  }
  for (const char* alg : {"", "none", "None", "NONE", "nOnE", "none ", "HS256", "HS384", "HS512", "es384", "ES384 ",
                          "RS1", "ES256K", "RSA-OAEP", "dir", "Ed25519"}) {
    CAPTURE(alg);
    CHECK_FALSE(is_allowed_alg(alg));
  }
  CHECK_FALSE(is_allowed_alg(std::string("none\0", 5)));
}

TEST_CASE("signatures of every allowed algorithm verify, and only as what they are") {
  const SigningKey keys[] = {SigningKey::ec("P-256", 32, "p256"), SigningKey::ec("P-384", 48, "p384"),
                             SigningKey::ec("P-521", 66, "p521"), SigningKey::rsa(2048, "rsa"),
                             SigningKey::ed25519("ed")};
  const Scheme schemes[] = {{"ES256", "SHA256", false}, {"ES384", "SHA384", false}, {"ES512", "SHA512", false},
                            {"RS256", "SHA256", false}, {"RS384", "SHA384", false}, {"RS512", "SHA512", false},
                            {"PS256", "SHA256", true},  {"PS384", "SHA384", true},  {"PS512", "SHA512", true},
                            {"EdDSA", nullptr, false}};
  const std::size_t key_of[] = {0, 1, 2, 3, 3, 3, 3, 3, 3, 4};
  for (std::size_t i = 0; i < 10; ++i) {
    const SigningKey& key = keys[key_of[i]];
    const std::string token = key.sign(schemes[i].alg, schemes[i].digest, {{"sub", "x"}}, schemes[i].pss);
    for (std::size_t j = 0; j < 5; ++j) {
      CAPTURE(schemes[i].alg);
      CAPTURE(j);
      CHECK(verify(token, keys[j].jwk()).ok() == (j == key_of[i]));
    }
    std::string changed = token;
    changed[changed.find('.') + 2] = changed[changed.find('.') + 2] == 'A' ? 'B' : 'A';
    CHECK_FALSE(verify(changed, key.jwk()));
  }
  // RSA with the other padding under the header's word.
  CHECK_FALSE(verify(keys[3].sign("RS256", "SHA256", {}, true), keys[3].jwk()));
  CHECK_FALSE(verify(keys[3].sign("PS256", "SHA256", {}, false), keys[3].jwk()));
  CHECK_FALSE(verify(keys[3].sign("RS384", "SHA256", {}, false), keys[3].jwk()));
}

TEST_CASE("an ECDSA signature has its exact length and no zero in it") {
  const SigningKey key = SigningKey::p384("k");
  const std::string token = key.es384({{"sub", "x"}});
  const std::string text = token.substr(0, token.rfind('.') + 1);
  const std::string raw = *base64url_decode(token.substr(token.rfind('.') + 1));
  REQUIRE(raw.size() == 96);
  CHECK(verify(text + base64url_encode(raw), key.jwk()));
  const std::string zero(48, '\0');
  const std::string bad[] = {raw.substr(0, 95),       raw + std::string(1, '\0'),         std::string(1, '\0') + raw,
                             zero + raw.substr(48),   raw.substr(0, 48) + zero,           zero + zero,
                             std::string(96, '\xff'), raw.substr(48) + raw.substr(0, 48), "x"};
  for (const std::string& signature : bad) CHECK_FALSE(verify(text + base64url_encode(signature), key.jwk()));
}

TEST_CASE("a key that declares an algorithm verifies only that one") {
  SigningKey key = SigningKey::rsa(2048, "rsa");
  json jwk = key.jwk();
  jwk["alg"] = "RS256";
  CHECK(verify(key.sign("RS256", "SHA256", {}), jwk));
  CHECK_FALSE(verify(key.sign("RS512", "SHA512", {}), jwk));
  CHECK_FALSE(verify(key.sign("PS256", "SHA256", {}, true), jwk));
}

TEST_CASE("recorded tokens of both Logto versions verify with their recorded keys") {
  for (const char* version : {"v1.37.1", "v1.42.0"}) {
    CAPTURE(version);
    const json jwks = test::recorded_json(version, "jwks");
    const std::string token = test::recorded_json(version, "id-token")["jwt"];
    CHECK(verify(token, jwks["keys"][0]));
  }
}
