#include "auth/visit/verdict.h"

#include <nlohmann/json.hpp>
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

TEST_CASE("who is let through, and as whom") {
  struct Case {
    const char* what;
    Ask ask;
    bool signed_in;
    Verdict::Kind kind;
    const char* decision;
    int status;  // of an answer
  };
  const std::vector<std::pair<std::string, std::string>> none;
  const Case cases[] = {
      {"a public route, signed out", {.route = 2, .headers = none}, false, Verdict::Kind::pass, "public", 0},
      {"a public route, signed in", {.route = 2}, true, Verdict::Kind::pass, "public", 0},
      {"an optional route, signed out", {.route = 3}, false, Verdict::Kind::pass, "public", 0},
      {"an optional route, signed in", {.route = 3}, true, Verdict::Kind::pass, "pass", 0},
      {"a denied route", {.route = 4}, true, Verdict::Kind::answer, "deny", 403},
      {"a protected route, signed in", {.route = 1}, true, Verdict::Kind::pass, "pass", 0},
      {"a protected route, a signed-in script", {.route = 1, .headers = kScript}, true, Verdict::Kind::pass, "pass", 0},
      {"a protected route, a person", {.route = 1}, false, Verdict::Kind::answer, "sign_in", 303},
      {"a protected route, a script",
       {.route = 1, .headers = kScript},
       false,
       Verdict::Kind::answer,
       "unauthenticated",
       401},
      {"a protected route, a form", {.method = "POST", .route = 1}, false, Verdict::Kind::answer, "not_held", 401},
      {"a WebSocket", {.route = 1, .wants_upgrade = true}, false, Verdict::Kind::answer, "unauthenticated", 401},
      {"a role that is missing", {.route = 5}, true, Verdict::Kind::answer, "forbidden", 403},
      {"a role that is missing, a script",
       {.route = 5, .headers = kScript},
       true,
       Verdict::Kind::answer,
       "forbidden",
       403},
      {"a 401 route, a person", {.route = 6}, false, Verdict::Kind::answer, "unauthenticated", 401},
      {"a redirect route, curl", {.route = 7, .headers = none}, false, Verdict::Kind::answer, "sign_in", 303},
      {"a redirect route, a POST",
       {.method = "POST", .route = 7, .headers = none},
       false,
       Verdict::Kind::answer,
       "unauthenticated",
       401},
      {"a redirect route, an upgrade",
       {.route = 7, .headers = none, .wants_upgrade = true},
       false,
       Verdict::Kind::answer,
       "unauthenticated",
       401},
      {"no route", {}, true, Verdict::Kind::answer, "no_route", 404},
      {"an unknown own endpoint", {.path = "/_auth/x"}, true, Verdict::Kind::answer, "own", 404},
      {"the bare prefix", {.path = "/_auth"}, true, Verdict::Kind::answer, "own", 303},
      {"the prefix with a slash", {.path = "/_auth/"}, true, Verdict::Kind::answer, "own", 200},
      {"an own endpoint by a wrong method",
       {.method = "POST", .path = "/_auth/callback"},
       true,
       Verdict::Kind::answer,
       "own",
       405},
      {"a HEAD of the callback",
       {.method = "HEAD", .path = "/_auth/callback"},
       true,
       Verdict::Kind::answer,
       "own",
       405},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    World world;
    if (c.signed_in) world.sign_in_directly(world.session());
    const Verdict verdict = world.ask(c.ask);
    CHECK(verdict.kind == c.kind);
    CHECK(verdict.decision == c.decision);
    if (c.kind == Verdict::Kind::answer) {
      CHECK(verdict.answer.status == c.status);
      CHECK(header(verdict.answer, "Cache-Control") == "no-store");
    } else {
      CHECK((verdict.session != nullptr) == (verdict.decision == "pass"));
    }
  }
}

TEST_CASE("an app is told who it is by ready lines") {
  World world;
  world.sign_in_directly(world.session("u\"1"));
  const Verdict verdict = world.ask({.route = 1});
  REQUIRE(verdict.session);
  REQUIRE(verdict.app_headers);
  CHECK(verdict.app_headers->lines ==
        "X-Forwarded-User: u\"1\r\nX-Forwarded-Email: alice@example.test\r\nX-Forwarded-Groups: editor\r\n");
  CHECK(verdict.session->log_sub == "u\\\"1");
  CHECK(verdict.set_cookies.empty());
  CHECK(world.ask({.route = 1}).session == verdict.session);  // warm: opened once
}

TEST_CASE("a wait that is dropped is never answered") {
  World world;
  world.auth->known = nullptr;
  RequestHead head;
  head.method = "GET";
  head.fields.add("Accept", "text/html");
  RequestFacts facts;
  facts.head = &head;
  facts.external = &world.realm.settings->external_urls.front();
  facts.path = "/";
  facts.route = &world.realm.settings->routes[0];
  std::unique_ptr<PendingVerdict> wait;
  bool answered = false;
  CHECK(world.gatekeeper
            .judge(
                facts, [&](Verdict) { answered = true; }, wait)
            .kind == Verdict::Kind::wait);
  wait.reset();
  world.loop.post([&] { world.loop.stop(); });
  world.loop.run();
  CHECK_FALSE(answered);
}

TEST_CASE("without an auth service open routes and sessions go on") {
  World world;
  world.realm.auth.reset();
  CHECK(world.ask({.route = 2}).kind == Verdict::Kind::pass);
  CHECK(world.ask({.route = 1}).answer.status == 503);
  world.sign_in_directly(world.session());
  CHECK(world.ask({.route = 1}).kind == Verdict::Kind::pass);
  CHECK(location(world.ask({.path = "/_auth/sign-out"})) == "/_auth/signed-out");
}

TEST_CASE("scripts get JSON that says where to sign in") {
  World world;
  Ask ask{.path = "/api", .route = 1, .headers = kScript};
  ask.headers.emplace_back("Referer", "https://app.test/page?x=1");
  const auto json = nlohmann::json::parse(world.ask(ask).answer.body);
  CHECK(json["error"] == "unauthenticated");
  CHECK(json["sign_in_url"] == "https://app.test/_auth/sign-in?return_to=%2Fpage%3Fx%3D1");
  CHECK(json["request_id"] == "0123456789abcdef");
  ask.headers.back().second = "https://evil.test/page";
  CHECK(nlohmann::json::parse(world.ask(ask).answer.body)["sign_in_url"] == "https://app.test/_auth/sign-in");
}

TEST_CASE("forbidden says what is missing") {
  World world;
  world.sign_in_directly(world.session());
  const Verdict page = world.ask({.path = "/admin", .route = 5});
  CHECK(page.answer.body.find("<strong>Alice</strong>") != std::string::npos);
  CHECK(page.answer.body.find("prompt=login&amp;route=5&amp;return_to=%2Fadmin") != std::string::npos);
  const auto json = nlohmann::json::parse(world.ask({.route = 5, .headers = kScript}).answer.body);
  CHECK(json["error"] == "forbidden");
  CHECK(json["missing"] == nlohmann::json::array({"role admin"}));
}

TEST_CASE("a broken session cookie is signed out, never an error, and stays until a sign-in writes over it") {  // C06
  World world;
  world.sign_in_directly(world.session());
  const std::string good = world.jar["__Host-logto_session"];
  for (const std::string& broken : {std::string("x"), good.substr(1), good + "A", std::string(), "\"" + good + "\"",
                                    std::string("\xff\xfe"), std::string(30000, 'A')}) {
    world.jar = {{"__Host-logto_session", broken}};
    CHECK(world.ask({.route = 1, .headers = kScript}).answer.status == 401);
    CHECK(goes_to_logto(world.ask({.route = 1})));
    CHECK(world.has_session());  // an answer that deletes it might overtake a sign-in in another tab
  }
}

TEST_CASE("a session of another purpose, name or secret does not open") {
  World world;
  (void)world.ask({.route = 1});
  const std::string pending = world.jar.begin()->second;
  world.jar = {{"__Host-logto_session", pending}};
  CHECK(world.ask({.route = 1, .headers = kScript}).answer.status == 401);
  world.jar.clear();
  world.sign_in_directly(world.session());
  world.jar = {{"logto_session", world.jar["__Host-logto_session"]}};
  CHECK(world.ask({.route = 1, .headers = kScript}).answer.status == 401);
}

TEST_CASE("the session idles out, and activity keeps it") {
  World world;
  world.sign_in_directly(world.session());
  for (int hour = 0; hour < 48; ++hour) {
    world.clock.advance_ms(kHour);
    CHECK(world.ask({.route = 1, .headers = kScript}).kind == Verdict::Kind::pass);
  }
  world.clock.advance_ms(24 * kHour);
  CHECK(world.ask({.route = 1, .headers = kScript}).answer.status == 401);
}

TEST_CASE("who keeps sending a cookie that is due gets one new cookie for a while, then another") {
  World world;
  world.sign_in_directly(world.session());
  const auto old = world.jar;
  const auto renewed = [&] {
    world.jar = old;
    return world.ask({.route = 1, .headers = kScript}).set_cookies;
  };
  CHECK(renewed().empty());
  world.clock.advance_ms(301 * kSecond);
  const auto first = renewed();
  REQUIRE(first.size() == 1);
  world.clock.advance_ms(59 * kSecond);
  CHECK(renewed() == first);
  CHECK(world.ask({.route = 1, .headers = kScript}).set_cookies.empty());  // the jar has taken it up
  world.clock.advance_ms(1 * kSecond);
  const auto second = renewed();
  REQUIRE(second.size() == 1);
  CHECK(second != first);
  CHECK(renewed() == second);
}

TEST_CASE("a new cookie that is at hand is not handed out once another secret is the first") {
  World world;
  world.sign_in_directly(world.session());
  const auto old = world.jar;
  const auto ask = [&] {
    world.jar = old;
    return world.ask({.route = 1, .headers = kScript});
  };
  world.clock.advance_ms(301 * kSecond);
  const auto first = ask().set_cookies;
  const auto ring = world.realm.settings->session.secrets;
  world.realm.replace_keyring({Secret(std::string(32, 'n')), ring.front()});
  const auto second = ask().set_cookies;
  REQUIRE(second.size() == 1);
  CHECK(second != first);
  const auto taken_up = world.jar;
  world.realm.replace_keyring({Secret(std::string(32, 'n'))});
  CHECK(ask().set_cookies.empty());
  world.jar = taken_up;
  CHECK(world.ask({.route = 1}).kind == Verdict::Kind::pass);
}

TEST_CASE("no activity outlives max_lifetime") {
  World world;
  world.sign_in_directly(world.session());
  for (int i = 0; i < 28; ++i) {
    CHECK(world.ask({.route = 1, .headers = kScript}).kind == Verdict::Kind::pass);
    world.clock.advance_ms(12 * kHour);
  }
  CHECK(world.ask({.route = 1, .headers = kScript}).answer.status == 401);
}

TEST_CASE("a session sealed under an older secret is written again under the first") {
  auto rotated = settings();
  World before(rotated);
  before.sign_in_directly(before.session());
  auto after_settings = settings();
  after_settings->session.secrets.insert(after_settings->session.secrets.begin(), Secret(std::string(32, 'n')));
  World after(after_settings);
  after.jar = before.jar;
  const Verdict verdict = after.ask({.route = 1, .headers = kScript});
  CHECK(verdict.kind == Verdict::Kind::pass);
  CHECK(verdict.set_cookies.size() == 1);
  CHECK(after.ask({.route = 1, .headers = kScript}).set_cookies.empty());
}

TEST_CASE("after revalidate the next navigation asks Logto silently; others pass") {
  World world;
  world.sign_in_directly(world.session());
  const std::int64_t signed_in_at = world.clock.unix_ms();
  world.clock.advance_ms(kHour + kSecond);
  CHECK(world.ask({.route = 1, .headers = kScript}).kind == Verdict::Kind::pass);
  CHECK(world.ask({.method = "POST", .route = 1}).kind == Verdict::Kind::pass);
  CHECK(world.ask({.route = 6}).kind == Verdict::Kind::pass);
  const Verdict silent = world.ask({.path = "/wiki", .route = 1});
  REQUIRE(goes_to_logto(silent));
  CHECK(sent(silent, "prompt") == "none");

  SUBCASE("Logto vouches: the same session goes on") {
    world.auth->exchange = world.session();
    CHECK(location(world.ask(callback(sent(silent, "state")))) == "/wiki");
    const Verdict passed = world.ask({.route = 1});
    CHECK(passed.kind == Verdict::Kind::pass);
    CHECK(passed.session->session.signed_in_at_ms == signed_in_at);
    CHECK(passed.session->session.generation > 1);
  }
  SUBCASE("somebody else is signed in there: a new session") {
    world.auth->exchange = world.session("u2");
    CHECK(location(world.ask(callback(sent(silent, "state")))) == "/wiki");
    const Verdict passed = world.ask({.route = 1});
    CHECK(passed.session->session.sub == "u2");
    CHECK(passed.session->session.signed_in_at_ms == world.clock.unix_ms());
  }
  SUBCASE("nobody is: the session ends, and the target starts an ordinary sign-in") {
    const Verdict back = world.ask(callback(sent(silent, "state"), "error=login_required"));
    CHECK(location(back) == "/wiki");
    CHECK_FALSE(world.has_session());
    CHECK(world.pending_count() == 0);
    const Verdict again = world.ask({.path = "/wiki", .route = 1});
    CHECK(goes_to_logto(again));
    CHECK(sent(again, "prompt") != "none");
  }
  SUBCASE("an error with a foreign issuer ends nothing") {
    Ask forged = callback(sent(silent, "state"), "error=login_required");
    forged.query =
        "error=login_required&state=" + percent_encode(sent(silent, "state")) + "&iss=https%3A%2F%2Fevil.test";
    CHECK(world.ask(forged).answer.status == 400);
    CHECK(world.has_session());
  }
  SUBCASE("Logto is away: the session in hand goes on") {
    world.auth->known = world.auth->reachable = nullptr;
    CHECK(world.ask({.route = 1}).kind == Verdict::Kind::pass);
    CHECK(world.ask({.route = 5}).answer.status == 403);  // but never further than its rule
  }
}

TEST_CASE("errors that the proxy finds are pages for people and JSON for programs") {
  World world;
  RequestHead person;
  person.method = "GET";
  person.fields.add("Accept", "text/html");
  person.fields.add("Accept-Language", "ja");
  RequestHead program;
  program.method = "GET";
  for (const int status : {400, 404, 413, 421, 431, 502, 504}) {
    RequestFacts facts;
    facts.request_id = "id";
    CHECK(world.gatekeeper.error_answer(status, facts).status == status);
    facts.head = &person;
    CHECK(world.gatekeeper.error_answer(status, facts).body.find("lang=\"ja\"") != std::string::npos);
    facts.head = &program;
    CHECK(nlohmann::json::parse(world.gatekeeper.error_answer(status, facts).body)["request_id"] == "id");
  }
}
