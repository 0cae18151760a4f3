#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "auth/jose/jwks.h"
#include "auth/jose/verification_key.h"
#include "tests/support/recordings.h"

// Project Wycheproof's JWS vectors, read from beside the repository: they are others' data and not part of it.
using namespace lp;
using nlohmann::json;

namespace {

std::string shared_folder() {
  const char* from_environment = std::getenv("LOGTO_PROXY_SHARED");
  return from_environment != nullptr ? from_environment : LP_SOURCE_DIR "/../shared";
}

bool accepts(const std::string& token, const Jwks& keys) {
  auto jws = parse_jws(token);
  if (!jws) return false;
  auto key = keys.select(jws->kid, jws->alg);
  return key && verify_jws(*jws, **key).ok();
}

// Vectors called valid whose key declares another algorithm than the token ("ES521", PS256 for PS384): refused on
// purpose, a key verifies only what it is declared for.
bool key_declares_another_alg(const json& group, const std::string& token) {
  auto jws = parse_jws(token);
  return jws && group.contains("public") && group["public"].value("alg", jws->alg) != jws->alg;
}

}  // namespace

TEST_CASE("Wycheproof JWS vectors") {
  const std::string path = shared_folder() + "/corpora/wycheproof/json_web_signature_test.json";
  if (!std::filesystem::exists(path)) {
    std::printf("SKIP: Wycheproof vectors are not there (%s), set LOGTO_PROXY_SHARED\n", path.c_str());
    return;
  }
  const json vectors = json::parse(test::read_text(path));
  int accepted = 0;
  int refused = 0;
  for (const json& group : vectors["testGroups"]) {
    auto keys = Jwks::parse(json{{"keys", json::array({group.value("public", json())})}}.dump());
    for (const json& test : group["tests"]) {
      const bool valid = test["result"] == "valid" && group.contains("public") &&
                         !key_declares_another_alg(group, test.value("jws", ""));
      const bool ours = keys && accepts(test.value("jws", ""), *keys);
      CAPTURE(test["tcId"].get<int>());
      CAPTURE(group.value("comment", ""));
      CHECK(ours == valid);
      ++(ours ? accepted : refused);
    }
  }
  std::printf("Wycheproof: %d accepted, %d refused\n", accepted, refused);
}
