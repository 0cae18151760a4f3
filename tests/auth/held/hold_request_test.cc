#include "auth/held/hold_request.h"

#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

namespace {

constexpr const char* kHeld = "__Host-logto_held";

Ask form_post(const std::string& body, const std::string& type = "application/x-www-form-urlencoded") {
  return {.method = "POST",
          .path = "/save",
          .query = "x=1",
          .route = 1,
          .headers = {{"Sec-Fetch-Mode", "navigate"},
                      {"Sec-Fetch-Dest", "document"},
                      {"Sec-Fetch-Site", "same-origin"},
                      {"Origin", "https://app.test"},
                      {"Content-Type", type},
                      {"Content-Length", std::to_string(body.size())}},
          .body = body};
}

std::string between(const std::string& text, std::string_view open, std::string_view close) {
  const std::size_t start = text.find(open);
  REQUIRE(start != std::string::npos);
  return text.substr(start + open.size(), text.find(close, start + open.size()) - start - open.size());
}

// A session that idled out a minute ago; its cookie is still there.
void let_expire(World& world) {
  world.sign_in_directly(world.session());
  world.clock.advance_ms(world.realm.settings->session.idle_timeout_ms + 60'000);
}

void sign_in_again(World& world, const Verdict& sent_to_logto, const std::string& sub = "u1") {
  REQUIRE(goes_to_logto(sent_to_logto));
  world.auth->exchange = world.session(sub);
  const Verdict back = world.ask(callback(sent(sent_to_logto, "state")));
  REQUIRE(back.answer.status == 303);
  CHECK(location(back) == "/_auth/resume");
}

std::string token_on(const Verdict& page) {
  return "logto_resume=" + between(page.answer.body, "name=\"logto_resume\" value=\"", "\"");
}

}  // namespace

TEST_CASE("a form that meets an expired session is sent after the sign-in, once") {
  World world;
  let_expire(world);
  const std::string body = "text=caf%C3%A9&n=" + std::string(5000, '1');
  const Verdict held = world.ask(form_post(body));
  CHECK(held.decision == "hold");
  REQUIRE(world.jar.contains(kHeld));
  sign_in_again(world, held);

  const Verdict page = world.ask({.path = "/_auth/resume"});
  REQUIRE(page.answer.status == 200);
  CHECK(page.answer.body.find("action=\"/save?x=1\"") != std::string::npos);
  const std::string token = token_on(page);

  const auto jar = world.jar;
  const Verdict resumed = world.ask(form_post(token));
  REQUIRE(resumed.kind == Verdict::Kind::pass);
  REQUIRE(resumed.replaced_body);
  CHECK(resumed.replaced_body->body == body);
  CHECK(resumed.replaced_body->content_type == "application/x-www-form-urlencoded");
  CHECK_FALSE(world.jar.contains(kHeld));

  world.jar = jar;  // the cookie, put back by hand
  CHECK(world.ask(form_post(token)).answer.status == 410);
}

TEST_CASE("another person does not get it, nor does another address") {
  World world;
  let_expire(world);
  sign_in_again(world, world.ask(form_post("a=1")), "u2");
  const Verdict page = world.ask({.path = "/_auth/resume"});
  CHECK(page.answer.status == 410);
  CHECK(page.answer.body.find("a=1") == std::string::npos);
  CHECK_FALSE(world.jar.contains(kHeld));
  CHECK(world.realm.held_requests.size() == 0);

  World second;
  let_expire(second);
  sign_in_again(second, second.ask(form_post("a=1")));
  Ask elsewhere = form_post(token_on(second.ask({.path = "/_auth/resume"})));
  elsewhere.path = "/other";
  CHECK(second.ask(elsewhere).answer.status == 410);
}

TEST_CASE("what is not held is told so, and nothing of it passes") {
  struct Case {
    const char* what;
    std::function<void(World&, Ask&)> change;
  };
  const Case cases[] = {
      {"never signed in", [](World& world, Ask&) { world.jar.clear(); }},
      {"expired for over an hour", [](World& world, Ask&) { world.clock.advance_ms(3'600'000); }},
      {"from another site", [](World&, Ask& ask) { ask.headers[2].second = "cross-site"; }},
      {"too large",
       [](World&, Ask& ask) {
         ask.body.assign(kMaxHeldBodyBytes + 1, 'x');
         ask.headers.pop_back();
       }},
      {"a token of nothing", [](World&, Ask& ask) { ask.body = "logto_resume=" + std::string(43, 'A'); }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    World world;
    let_expire(world);
    Ask ask = form_post("a=1");
    c.change(world, ask);
    const Verdict verdict = world.ask(ask);
    CHECK(verdict.kind == Verdict::Kind::answer);
    CHECK(verdict.answer.status == 401);
    CHECK(verdict.answer.body.find("Your form was not sent") != std::string::npos);
    CHECK_FALSE(world.jar.contains(kHeld));
    CHECK(world.realm.held_requests.size() == 0);
  }
}

TEST_CASE("a route may keep nothing, and a script gets the ordinary 401") {
  auto with = settings();
  with->routes[0].hold_requests = false;
  World world(with);
  let_expire(world);
  CHECK(world.ask(form_post("a=1")).decision == "not_held");
  Ask script = form_post("a=1");
  script.headers[0].second = "cors";
  const Verdict verdict = world.ask(script);
  CHECK(verdict.answer.status == 401);
  CHECK(header(verdict.answer, "Content-Type") == "application/problem+json");
}

TEST_CASE("a session that ends once more before the confirmation loses nothing") {
  World world;
  let_expire(world);
  sign_in_again(world, world.ask(form_post("a=1")));
  const std::string token = token_on(world.ask({.path = "/_auth/resume"}));
  world.jar.erase("__Host-logto_session");
  Session short_lived = world.session();
  short_lived.signed_in_at_ms -= 1000;
  world.sign_in_directly(short_lived);
  world.jar.erase("__Host-logto_session");
  // Without any session cookie the post cannot be recognised as ours: it is told, not passed on.
  CHECK(world.ask(form_post(token)).answer.status == 401);
  CHECK(world.realm.held_requests.size() == 1);
  sign_in_again(world, world.ask({.path = "/_auth/resume"}));
  CHECK(world.ask(form_post(token)).replaced_body->body == "a=1");
}

TEST_CASE("what is held may be thrown away, but not by another site") {
  World world;
  let_expire(world);
  sign_in_again(world, world.ask(form_post("a=1")));
  Ask discard = {
      .method = "POST",
      .path = "/_auth/resume",
      .query = "discard=1",
      .headers = {{"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}, {"Sec-Fetch-Site", "cross-site"}}};
  CHECK(world.ask(discard).answer.status == 403);
  CHECK(world.realm.held_requests.size() == 1);
  discard.headers[2].second = "same-origin";
  CHECK(world.ask(discard).answer.status == 303);
  CHECK(world.realm.held_requests.size() == 0);
  CHECK(world.ask({.path = "/_auth/resume"}).answer.status == 410);
}

TEST_CASE("an ordinary form of the token's length passes as it is") {
  World world;
  world.sign_in_directly(world.session());
  const Verdict verdict = world.ask(form_post("comment=" + std::string(kResumeBodyBytes - 8, 'x')));
  CHECK(verdict.kind == Verdict::Kind::pass);
  CHECK_FALSE(verdict.replaced_body);
}
