#include "auth/gate/refresh_first.h"

#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

namespace {

using Kind = RefreshFailure::Kind;

// Somebody whose tokens have run out, so that nobody passes before Logto has vouched again.
void sign_in_with_spent_tokens(World& world) {
  Session session = world.session();
  session.refresh_token = Secret("r1");
  session.tokens_expire_at_s = world.clock.unix_s() + 60;
  world.sign_in_directly(session);
  world.clock.advance_ms(61'000);
}

RefreshOutcome failed(Kind kind) { return RefreshFailure{kind, "rule", "message", {}}; }

const std::vector<std::pair<std::string, std::string>> kFormPost = {
    {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}, {"Sec-Fetch-Site", "same-origin"},
    {"Origin", "https://app.test"}, {"Content-Type", "text/plain"}, {"Content-Length", "3"}};

bool holds(const Verdict& verdict, std::string_view part) {
  return verdict.answer.body.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("while Logto cannot be asked, people get the page for it, programs JSON, and both when to come back") {
  const std::vector<std::pair<std::string, std::string>> old_form = {{"Accept", "text/html"},
                                                                     {"Origin", "https://app.test"}};
  struct Case {
    const char* what;
    Ask ask;
    bool is_page;
  };
  const Case cases[] = {
      {"a navigation", {.path = "/x", .route = 1}, true},
      {"a form", {.method = "POST", .path = "/x", .route = 1, .headers = kFormPost}, true},
      {"a form of an old browser", {.method = "POST", .path = "/x", .route = 1, .headers = old_form}, true},
      {"the account page", {.path = "/_auth/"}, true},
      {"a script", {.path = "/x", .route = 1, .headers = kScript}, false},
      {"a WebSocket", {.path = "/x", .route = 1, .headers = kScript, .wants_upgrade = true}, false},
      {"me", {.path = "/_auth/me", .headers = kScript}, false},
  };
  for (const bool without_auth : {false, true}) {
    for (const Case& c : cases) {
      CAPTURE(c.what);
      CAPTURE(without_auth);
      World world;
      sign_in_with_spent_tokens(world);
      world.auth->refreshed = failed(Kind::unavailable);
      if (without_auth) world.realm.auth.reset();
      const Verdict verdict = world.ask(c.ask);
      CHECK(verdict.decision == "unproven");
      CHECK(verdict.answer.status == 503);
      CHECK(std::count_if(verdict.answer.headers.begin(), verdict.answer.headers.end(),
                          [](const auto& field) { return field.first == "Retry-After"; }) == 1);
      CHECK(header(verdict.answer, "Content-Type") ==
            (c.is_page ? "text/html; charset=utf-8" : "application/problem+json"));
      CHECK(holds(verdict, "Your session cannot be renewed right now") == c.is_page);
      CHECK(world.has_session());
    }
  }
}

TEST_CASE("the page links to what was asked for, never to the target of a form") {
  World world;
  sign_in_with_spent_tokens(world);
  world.auth->refreshed = failed(Kind::unavailable);
  CHECK(holds(world.ask({.path = "/x", .query = "a=1", .route = 1}), "href=\"/x?a=1\""));
  CHECK_FALSE(holds(world.ask({.method = "POST", .path = "/save", .route = 1, .headers = kFormPost}), "/save"));
}

TEST_CASE("a form whose session Logto ended is told so and not held; one whose proof can wait passes") {
  World ended;
  sign_in_with_spent_tokens(ended);
  ended.auth->refreshed = failed(Kind::ended);
  const Verdict told = ended.ask({.method = "POST", .path = "/save", .route = 1, .headers = kFormPost, .body = "a=1"});
  CHECK(told.answer.status == 401);
  CHECK(holds(told, "Your form was not sent"));
  CHECK(ended.realm.held_requests.size() == 0);

  World misconfigured;
  sign_in_with_spent_tokens(misconfigured);
  misconfigured.auth->refreshed = failed(Kind::client_credentials);
  CHECK(misconfigured.ask({.method = "POST", .path = "/save", .route = 1, .headers = kFormPost}).kind ==
        Verdict::Kind::pass);
}
