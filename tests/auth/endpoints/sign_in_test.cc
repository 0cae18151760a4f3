#include "auth/oidc/authorization_request.h"
#include "auth/oidc/sign_in_ways.h"
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

namespace {

std::shared_ptr<Settings> with_choice() {
  auto made = settings();
  made->routes[0].sign_in.choose = true;
  return made;
}

AuthQuestions::Ways two_ways() {
  SignInWays ways;
  ways.social = {{"linkedin", {{"en", "LinkedIn"}}, "", ""}, {"patreon", {}, "", ""}};
  ways.username = true;
  return std::make_shared<const SignInWays>(std::move(ways));
}

bool shows(const Verdict& verdict, std::string_view part) {
  return verdict.answer.body.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a route with a choice leads to the page, which knows the route and begins no attempt") {
  World world(with_choice());
  const Verdict first = world.ask({.path = "/x", .query = "a=b", .route = 1});
  CHECK(first.answer.status == 303);
  CHECK(location(first) == "https://app.test/_auth/sign-in?route=1&return_to=%2Fx%3Fa%3Db");
  CHECK(world.pending_count() == 0);
  world.auth->ways_when_asked = two_ways();
  const Verdict page = world.ask({.path = "/_auth/sign-in", .query = "route=1&return_to=%2Fx"});
  CHECK(page.answer.status == 200);
  CHECK(shows(page, "href=\"/_auth/sign-in?with=social%3Alinkedin&amp;route=1&amp;return_to=%2Fx\""));
  CHECK(shows(page, "Continue with Patreon"));
  CHECK(shows(page, "route=1&amp;choose=0&amp;return_to=%2Fx"));
  CHECK(world.pending_count() == 0);
  CHECK(world.auth->ways_questions == 1);
  const Verdict chosen =
      world.ask({.path = "/_auth/sign-in", .query = "with=social%3Alinkedin&route=1&return_to=%2Fx"});
  CHECK(goes_to_logto(chosen));
  CHECK(sent(chosen, "direct_sign_in") == "social:linkedin");
  CHECK(goes_to_logto(world.ask({.path = "/_auth/sign-in", .query = "choose=0&route=1"})));
}

TEST_CASE("what is known is asked of nobody, and where nothing is known there is one button") {
  World world;
  world.auth->ways = two_ways();
  CHECK(shows(world.ask({.path = "/_auth/sign-in", .query = "choose=1"}), "Continue with LinkedIn"));
  CHECK(world.auth->ways_questions == 0);
  world.auth->ways = nullptr;
  const Verdict unknown = world.ask({.path = "/_auth/sign-in", .query = "choose=1"});
  CHECK(unknown.answer.status == 200);
  CHECK(shows(unknown, "href=\"/_auth/sign-in?choose=0&amp;return_to=%2F\"><span>Sign in</span>"));
  world.realm.auth.reset();
  CHECK(shows(world.ask({.path = "/_auth/sign-in", .query = "choose=1"}), "<span>Sign in</span>"));
}

TEST_CASE("a nearer word on the way goes before a farther one") {
  auto made = settings();
  made->logto.sign_in.choose = true;
  made->routes[6].sign_in.choose = false;
  World world(made);
  CHECK(location(world.ask({.path = "/x", .route = 1})).starts_with("https://app.test/_auth/sign-in?"));
  CHECK(goes_to_logto(world.ask({.path = "/x", .route = 7})));
  CHECK(goes_to_logto(world.ask({.path = "/_auth/sign-up"})));
  SignInSettings defaults;
  defaults.with = "social:linkedin";
  SignInSettings route;
  route.choose = true;
  CHECK_FALSE(effective_sign_in(defaults, route).with);
  CHECK_FALSE(effective_sign_in(route, defaults).choose.value_or(false));
}

TEST_CASE("a program is not sent to the page") {
  World world(with_choice());
  CHECK(world.ask({.path = "/x", .route = 1, .headers = kScript}).answer.status == 401);
}
