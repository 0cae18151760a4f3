#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

TEST_CASE("at most five sign-ins are pending") {
  World world;
  for (int i = 0; i < 9; ++i) {
    (void)world.ask({.path = "/x", .route = 1});
    world.clock.advance_ms(1000);
  }
  CHECK(world.pending_count() == 5);
}

TEST_CASE("a target that is too long for the cookie does not prevent the sign-in") {
  World world;
  CHECK(goes_to_logto(world.ask({.path = "/x", .query = std::string(6000, 'a'), .route = 1})));
  CHECK(world.pending_count() == 1);
}

TEST_CASE("while Logto has not been discovered the request waits for it") {
  World world;
  world.auth->known = nullptr;
  CHECK(goes_to_logto(world.ask({.route = 1})));
  world.auth->reachable = nullptr;
  const Verdict away = world.ask({.route = 1});
  CHECK(away.answer.status == 503);
  CHECK(header(away.answer, "Retry-After") == "5");
  CHECK(away.decision == "sign_in");
}

TEST_CASE("nobody is sent to a Logto that does not answer, though its addresses are known") {
  World world;
  world.auth->reachable_now = false;
  const Verdict away = world.ask({.route = 1});
  CHECK(away.answer.status == 503);
  CHECK(world.pending_count() == 0);
  world.auth->reachable_now = true;
  CHECK(goes_to_logto(world.ask({.route = 1})));
  CHECK(world.auth->reachability_questions == 2);
  world.auth->reachable_now.reset();
  CHECK(goes_to_logto(world.ask({.route = 1})));
  CHECK(world.auth->reachability_questions == 2);
}

TEST_CASE("/_auth/sign-in takes its own parameters and no others") {
  struct Case {
    const char* what;
    std::string query;
    bool signed_in;
    int status;
    std::string location;  // when not Logto
  };
  const Case cases[] = {
      {"nothing", "", false, 303, ""},
      {"a target", "return_to=%2Fwiki", false, 303, ""},
      {"a foreign target", "return_to=https%3A%2F%2Fevil.test", false, 303, ""},
      {"a connector", "with=social:linkedin", false, 303, ""},
      {"a connector in a wrong form", "with=linkedin", false, 400, ""},
      {"the target twice", "return_to=%2Fa&return_to=%2Fb", false, 400, ""},
      {"the connector twice", "with=social:a&with=social:b", false, 400, ""},
      {"a broken escape", "return_to=%zz", false, 400, ""},
      {"signed in, a target", "return_to=%2Fwiki", true, 303, "/wiki"},
      {"signed in, a foreign target", "return_to=%2F%2Fevil.test", true, 303, "/"},
      {"signed in, a connector", "with=social:patreon", true, 303, ""},
      {"signed in, another account", "prompt=login", true, 303, ""},
      {"signed in, another prompt", "prompt=none", true, 303, "/"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    World world;
    if (c.signed_in) world.sign_in_directly(world.session());
    const Verdict verdict = world.ask({.path = "/_auth/sign-in", .query = c.query});
    CHECK(verdict.answer.status == c.status);
    if (c.status != 303) continue;
    if (c.location.empty()) {
      CHECK(goes_to_logto(verdict));
    } else {
      CHECK(location(verdict) == c.location);
    }
  }
}

TEST_CASE("nobody steers the authorization request from outside") {  // threat O29
  World world;
  const Verdict verdict = world.ask(
      {.path = "/_auth/sign-in",
       .query = "scope=admin&client_id=x&redirect_uri=https://evil.test&prompt=none&max_age=0&request_uri=x"});
  REQUIRE(goes_to_logto(verdict));
  const std::string url = location(verdict);
  for (const char* foreign : {"admin", "client_id=x", "evil", "max_age", "request_uri", "prompt=none"}) {
    CHECK(url.find(foreign) == std::string::npos);
  }
}

TEST_CASE("connectors and first screens reach Logto, per route too") {
  World world;
  CHECK(sent(world.ask({.path = "/_auth/sign-in", .query = "with=social:linkedin"}), "direct_sign_in") ==
        "social:linkedin");
  CHECK(sent(world.ask({.path = "/_auth/sign-up"}), "first_screen") == "register");
  CHECK(sent(world.ask({.path = "/_auth/sign-in", .query = "route=8"}), "direct_sign_in") == "social:patreon");
  CHECK(sent(world.ask({.path = "/_auth/sign-in", .query = "route=99"}), "direct_sign_in") == "");
}

TEST_CASE("only navigations start a sign-in") {
  World world;
  CHECK(world.ask({.path = "/_auth/sign-in", .headers = kScript}).answer.status == 401);
  CHECK(world.pending_count() == 0);
}

TEST_CASE("keep_fragment goes by a page whose link carries route and target") {
  World world;
  const Verdict page = world.ask({.path = "/app", .query = "x=1", .route = 8});
  CHECK(page.answer.status == 200);
  CHECK(page.decision == "sign_in");
  CHECK(page.answer.body.find("href=\"/_auth/sign-in?route=8&amp;return_to=%2Fapp%3Fx%3D1\"") != std::string::npos);
  CHECK(world.pending_count() == 0);
  const Verdict start = world.ask({.path = "/_auth/sign-in", .query = "route=8&return_to=%2Fapp%3Fx%3D1%23%2Finbox"});
  world.auth->exchange = world.session();
  CHECK(location(world.ask(callback(sent(start, "state")))) == "/app?x=1#/inbox");
}
