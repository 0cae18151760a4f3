#include "auth/identity/assertion.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "auth/identity/assertion_key.h"
#include "auth/identity/assertion_keys.h"
#include "auth/jose/jws.h"
#include "auth/jose/verification_key.h"
#include "base/encoding.h"

using namespace lp;
using nlohmann::json;

namespace {

constexpr std::int64_t kNowS = 1'795'317'047;
const Secret kSecret(std::string(32, 's'));
const Secret kOther(std::string(32, 'n'));

std::set<std::string> kids(const AssertionKeys& keys, std::int64_t now_s) {
  std::set<std::string> found;
  const json set = json::parse(keys.jwks(now_s));
  for (const json& key : set["keys"]) found.insert(key["kid"].get<std::string>());
  return found;
}

std::string signing_kid(const AssertionKeys& keys, std::int64_t now_s) { return keys.signing_key(now_s)->kid(); }

}  // namespace

TEST_CASE("one secret, realm and epoch make one key, and nothing else makes it") {
  const std::string kid = AssertionKey::derive(kSecret, "default", 7).kid();
  CHECK(kid.size() == 43);
  CHECK(AssertionKey::derive(kSecret, "default", 7).kid() == kid);
  CHECK(AssertionKey::derive(kSecret, "default", 8).kid() != kid);
  CHECK(AssertionKey::derive(kSecret, "other", 7).kid() != kid);
  CHECK(AssertionKey::derive(kOther, "default", 7).kid() != kid);
}

// Computed with Node's crypto: HKDF, BigInt and ECDH.
TEST_CASE("the derivation stays what it is: replicas of two versions agree") {
  const auto jwk = AssertionKey::derive(kSecret, "default", 2968).public_jwk();
  CHECK(jwk["x"] == "vpsFm3SVuBNOyjhOanYabCla8ZxtGWs6NoU5G0FETTI");
  CHECK(jwk["y"] == "Loez7fcq2ZrT_c8jBMFl5NoLBYRlETmEXecpWgUUHtk");
}

TEST_CASE("a published key verifies what was signed, and says that it does nothing else") {
  for (std::int64_t epoch = 0; epoch < 50; ++epoch) {  // signatures whose numbers are short come by chance
    const AssertionKey key = AssertionKey::derive(kSecret, "default", epoch);
    const std::string token = sign_assertion(key, {"https://app.test", "http://wiki:8080", "u1", "id", kNowS, nullptr});
    const auto jws = parse_jws(token);
    REQUIRE(jws);
    CHECK(jws->alg == "ES256");
    CHECK(jws->typ == "JWT");
    CHECK(jws->kid == key.kid());
    CHECK(jws->signature.size() == 64);
    const auto published = VerificationKey::from_jwk(json(key.public_jwk()));
    REQUIRE(published);
    CHECK(verify_jws(*jws, *published));
    auto other = VerificationKey::from_jwk(json(AssertionKey::derive(kSecret, "default", epoch + 1).public_jwk()));
    CHECK_FALSE(verify_jws(*jws, *other));
  }
}

TEST_CASE("an assertion says who, to whom, until when; claims add to that and change none of it") {
  const AssertionKey key = AssertionKey::derive(kSecret, "default", 1);
  const json claims = {{"email", "alice@example.test"}, {"roles", {"a"}}, {"sub", "admin"}, {"exp", 1}, {"x", "\xff"}};
  const auto jws = parse_jws(sign_assertion(key, {"https://app.test", "http://wiki:8080", "u1", "id", kNowS, &claims}));
  REQUIRE(jws);
  CHECK(json::parse(jws->payload) == json{{"iss", "https://app.test"},
                                          {"aud", "http://wiki:8080"},
                                          {"sub", "u1"},
                                          {"iat", kNowS},
                                          {"exp", kNowS + 60},
                                          {"jti", "id"},
                                          {"email", "alice@example.test"},
                                          {"roles", {"a"}},
                                          {"x", "\xef\xbf\xbd"}});
}

TEST_CASE("the keys of the last, this and the next epoch are published, so that neighbours in time agree") {
  const AssertionKeys keys({kSecret}, "default");
  const auto now = kids(keys, kNowS);
  CHECK(now.size() == 3);
  CHECK(now.contains(signing_kid(keys, kNowS)));
  CHECK(now.contains(signing_kid(keys, kNowS - kAssertionEpochS)));
  CHECK(now.contains(signing_kid(keys, kNowS + kAssertionEpochS)));
  CHECK_FALSE(now.contains(signing_kid(keys, kNowS + 2 * kAssertionEpochS)));
  CHECK(kids(keys, kNowS + kAssertionEpochS).contains(signing_kid(keys, kNowS)));
  const AssertionKeys replica({kSecret}, "default");
  CHECK(kids(replica, kNowS) == now);
  CHECK(kids(AssertionKeys({kSecret}, "other"), kNowS) != now);
}

TEST_CASE("every secret of the ring publishes and the first signs") {
  const AssertionKeys before({kSecret, kOther}, "default");
  const AssertionKeys after({kOther, kSecret}, "default");
  CHECK(kids(before, kNowS).size() == 6);
  CHECK(kids(before, kNowS) == kids(after, kNowS));
  CHECK(signing_kid(before, kNowS) != signing_kid(after, kNowS));
  CHECK(kids(before, kNowS).contains(signing_kid(after, kNowS)));
  CHECK_FALSE(kids(AssertionKeys({kOther}, "default"), kNowS).contains(signing_kid(before, kNowS)));
}

TEST_CASE("what is published has no private part") {
  const json jwk = AssertionKey::derive(kSecret, "default", 1).public_jwk();
  CHECK_FALSE(jwk.contains("d"));
  CHECK(jwk["kty"] == "EC");
  CHECK(jwk["crv"] == "P-256");
  CHECK(jwk["alg"] == "ES256");
  CHECK(jwk["use"] == "sig");
}
