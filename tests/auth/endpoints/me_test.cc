#include "tests/support/gatekeeper_world.h"

#include <nlohmann/json.hpp>

using namespace lp;
using namespace lp::test;

TEST_CASE("/_auth/me tells the claims and never a token") {  // threat O33
  World world;
  CHECK(world.ask({.path = "/_auth/me", .headers = kScript}).answer.status == 401);
  Session session = world.session();
  session.refresh_token = Secret("refresh-secret");
  world.sign_in_directly(session);
  const Verdict verdict = world.ask({.path = "/_auth/me", .headers = {{"Origin", "https://evil.test"}}});
  CHECK(verdict.answer.status == 200);
  const auto me = nlohmann::json::parse(verdict.answer.body);
  CHECK(me["sub"] == "u1");
  CHECK(me["name"] == "Alice");
  CHECK(me["signed_in_at"] == kNowS);
  CHECK(me["session_ends_at"] == kNowS + 14 * 86400);
  CHECK(verdict.answer.body.find("refresh") == std::string::npos);
  CHECK(header(verdict.answer, "Access-Control-Allow-Origin").empty());
}
