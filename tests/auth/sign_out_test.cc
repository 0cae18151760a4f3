#include "gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

TEST_CASE("signing out ends the session here and at Logto") {
  World world;
  Session session = world.session();
  session.refresh_token = Secret("r1");
  world.sign_in_directly(session);
  (void)world.ask({.path = "/_auth/sign-in", .query = "prompt=login"});
  const Verdict verdict =
      world.ask({.method = "POST", .path = "/_auth/sign-out", .headers = {{"Sec-Fetch-Site", "same-origin"}}});
  CHECK(verdict.answer.status == 303);
  CHECK(location(verdict).starts_with("https://logto.test/oidc/session/end?"));
  CHECK(sent(verdict, "client_id") == "app-id");
  CHECK(sent(verdict, "post_logout_redirect_uri") == "https://app.test/_auth/signed-out");
  CHECK(world.auth->revoked == std::vector<std::string>{"r1"});
  CHECK(world.jar.empty());
  CHECK(world.ask({.path = "/_auth/signed-out"}).answer.status == 200);
}

TEST_CASE("nobody is signed out from elsewhere") {  // attacks.md O36
  struct Case {
    const char* what;
    Ask ask;
    int status;
    bool signed_out;
  };
  const Case cases[] = {
      {"an address bar", {.path = "/_auth/sign-out"}, 303, true},
      {"a link of another site",
       {.path = "/_auth/sign-out",
        .headers = {{"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}, {"Sec-Fetch-Site", "cross-site"}}},
       200,
       false},
      {"an image of another site",
       {.path = "/_auth/sign-out", .headers = {{"Sec-Fetch-Site", "cross-site"}}},
       403,
       false},
      {"an image of our own site",
       {.path = "/_auth/sign-out",
        .headers = {{"Sec-Fetch-Mode", "no-cors"}, {"Sec-Fetch-Dest", "image"}, {"Sec-Fetch-Site", "same-origin"}}},
       403,
       false},
      {"a form of another site",
       {.method = "POST", .path = "/_auth/sign-out", .headers = {{"Origin", "https://evil.test"}}},
       403,
       false},
      {"a POST without a word", {.method = "POST", .path = "/_auth/sign-out", .headers = {}}, 403, false},
      {"a link of an old browser",
       {.path = "/_auth/sign-out", .headers = {{"Accept", "text/html"}, {"Referer", "https://app.test/"}}},
       303,
       true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    World world;
    world.sign_in_directly(world.session());
    CHECK(world.ask(c.ask).answer.status == c.status);
    CHECK(world.has_session() != c.signed_out);
  }
}

TEST_CASE("signing out works without Logto and without a session") {
  World world;
  CHECK(location(world.ask({.path = "/_auth/sign-out"})).starts_with("https://logto.test/oidc/session/end?"));
  world.sign_in_directly(world.session());
  world.auth->known = nullptr;
  CHECK(location(world.ask({.path = "/_auth/sign-out"})).starts_with("https://logto.test/"));
  world.auth->reachable = nullptr;
  world.sign_in_directly(world.session());
  CHECK(location(world.ask({.path = "/_auth/sign-out"})) == "/_auth/signed-out");
  CHECK_FALSE(world.has_session());
}
