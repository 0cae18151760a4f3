#include "tests/support/gatekeeper_world.h"

#include <nlohmann/json.hpp>

#include "auth/realm/app_tokens.h"
#include "auth/realm/end_sessions.h"

using namespace lp;
using namespace lp::test;

TEST_CASE("a person who is signed out is sent to Logto and comes back to where they were") {
  World world;
  const Verdict start = world.ask({.path = "/wiki", .query = "page=1", .route = 1});
  REQUIRE(goes_to_logto(start));
  CHECK(sent(start, "redirect_uri") == "https://app.test/_auth/callback");
  CHECK(sent(start, "client_id") == "app-id");
  CHECK(sent(start, "code_challenge_method") == "S256");
  CHECK(world.pending_count() == 1);
  REQUIRE(start.set_cookies.size() == 1);
  CHECK(start.set_cookies[0].find("Max-Age=600; HttpOnly; Secure; SameSite=Lax") != std::string::npos);

  world.auth->exchange = world.session();
  const Verdict back = world.ask(callback(sent(start, "state")));
  CHECK(back.answer.status == 303);
  CHECK(location(back) == "/wiki?page=1");
  CHECK(world.auth->exchanged_code == "C");
  CHECK(world.has_session());
  CHECK(world.pending_count() == 0);
  CHECK(world.ask({.path = "/wiki", .route = 1}).kind == Verdict::Kind::pass);
}

TEST_CASE("two tabs never disturb each other") {
  World world;
  const Verdict one = world.ask({.path = "/one", .route = 1});
  const Verdict two = world.ask({.path = "/two", .route = 1});
  CHECK(world.pending_count() == 2);
  world.auth->exchange = world.session();
  CHECK(location(world.ask(callback(sent(two, "state")))) == "/two");
  CHECK(location(world.ask(callback(sent(one, "state")))) == "/one");
}

TEST_CASE("callbacks that are not ours are refused before any exchange") {
  struct Case {
    const char* what;
    std::string query;
  };
  const Case cases[] = {{"no parameters", ""},
                        {"only a separator", "&"},
                        {"no state", "code=C"},
                        {"no code", "state=S"},
                        {"only an error", "error=x"},
                        {"a made-up state", "code=C&state=S"},
                        {"a long state", "code=C&state=" + std::string(65536, 'a')},
                        {"two states", "code=C&state=S&state=T"},
                        {"two codes", "code=C&code=D&state=S"}};
  for (const Case& c : cases) {
    CAPTURE(c.what);
    World world;
    const Verdict verdict = world.ask({.path = "/_auth/callback", .query = c.query});
    CHECK(verdict.answer.status == 400);
    CHECK(verdict.set_cookies.empty());
    CHECK(world.auth->exchanges == 0);
  }
}

TEST_CASE("another browser's callback makes no session here") {  // threat O05
  World attacker;
  const Verdict start = attacker.ask({.path = "/wiki", .route = 1});
  World victim;
  const Verdict verdict = victim.ask(callback(sent(start, "state")));
  CHECK(victim.auth->exchanges == 0);
  CHECK_FALSE(victim.has_session());
  CHECK(goes_to_logto(verdict));  // a fresh sign-in of the victim's own
}

TEST_CASE("a stale callback continues with a session, starts afresh once without") {
  World world;
  const Verdict start =
      world.ask({.path = "/wiki", .query = "page=1", .route = 8, .headers = {{"Accept", "text/html"}}});
  CHECK(start.answer.status == 200);  // keep_fragment: the page first
  const Verdict first = world.ask({.path = "/wiki", .query = "page=1", .route = 1});
  world.jar.clear();
  const Verdict second = world.ask(callback(sent(first, "state")));
  REQUIRE(goes_to_logto(second));
  world.jar.clear();
  const Verdict third = world.ask(callback(sent(second, "state")));
  CHECK(third.answer.status == 400);
  CHECK(third.answer.body.find("cookie") != std::string::npos);
  world.sign_in_directly(world.session());
  CHECK(location(world.ask(callback(sent(first, "state")))) == "/wiki?page=1");
  CHECK(world.auth->exchanges == 0);
}

TEST_CASE("an expired pending sign-in starts afresh") {
  World world;
  const Verdict start = world.ask({.path = "/wiki", .route = 1});
  world.clock.advance_ms(20 * kMinute);
  const Verdict again = world.ask(callback(sent(start, "state")));
  REQUIRE(goes_to_logto(again));
  world.auth->exchange = world.session();
  CHECK(location(world.ask(callback(sent(again, "state")))) == "/wiki");
}

TEST_CASE("a failed exchange is a page with the rule and the request id, and no session") {
  struct Case {
    SignInFailure::Kind kind;
    int status;
    std::size_t pending_after;
  };
  const Case cases[] = {{SignInFailure::Kind::rejected, 400, 0},
                        {SignInFailure::Kind::provider_error, 502, 0},
                        {SignInFailure::Kind::provider_unavailable, 503, 1}};
  for (const Case& c : cases) {
    World world;
    const Verdict start = world.ask({.path = "/wiki", .route = 1});
    world.auth->exchange = SignInFailure{c.kind, "nonce", "for the log"};
    const Verdict verdict = world.ask(callback(sent(start, "state")));
    CHECK(verdict.answer.status == c.status);
    CHECK(verdict.answer.body.find("nonce") != std::string::npos);
    CHECK(verdict.answer.body.find("for the log") == std::string::npos);
    CHECK(verdict.answer.body.find("0123456789abcdef") != std::string::npos);
    CHECK_FALSE(world.has_session());
    CHECK(world.pending_count() == c.pending_after);
  }
}

TEST_CASE("an error response is a page, whatever it says") {
  World world;
  const Verdict start = world.ask({.path = "/wiki", .route = 1});
  const Verdict verdict =
      world.ask(callback(sent(start, "state"), "error=access_denied&error_description=%3Cscript%3E"));
  CHECK(verdict.answer.status == 403);
  CHECK(verdict.answer.body.find("access_denied") != std::string::npos);
  CHECK(verdict.answer.body.find("<script>") == std::string::npos);
  CHECK(world.pending_count() == 0);
}

TEST_CASE("an unknown API resource is asked for, and the sign-in goes on without it, at last without any") {
  const std::shared_ptr<Settings> with = settings();
  with->routes[0].token.resource = "https://things.example.test";
  World world(with);
  const Verdict start = world.ask({.path = "/wiki", .route = 1});
  CHECK_FALSE(sent(start, "resource").empty());
  const Verdict second = world.ask(callback(sent(start, "state"), "error=invalid_target"));
  REQUIRE(goes_to_logto(second));
  CHECK(world.auth->probes == 1);
  CHECK(world.pending_count() == 1);
  const Verdict third = world.ask(callback(sent(second, "state"), "error=invalid_target"));
  REQUIRE(goes_to_logto(third));
  CHECK(sent(third, "resource").empty());
  const Verdict last = world.ask(callback(sent(third, "state"), "error=invalid_target"));
  CHECK(last.answer.status == 502);
  CHECK(last.answer.body.find("sign-in?") == std::string::npos);
  CHECK(world.pending_count() == 0);
}

TEST_CASE("where no API resource is configured nobody's word makes us ask Logto for one") {
  World world;
  const Verdict start = world.ask({.path = "/wiki", .route = 1});
  const Verdict verdict = world.ask(callback(sent(start, "state"), "error=invalid_target"));
  CHECK(verdict.answer.status == 502);
  CHECK(world.auth->probes == 0);
  CHECK(world.pending_count() == 0);
}

TEST_CASE("a sign-in after an end by somebody's wish proves itself, and ends on a page where that cannot be had") {
  World world;
  world.sign_in_directly(world.session("u1"));
  end_sessions(world.realm, RevocationKind::sub, "u1");
  world.clock.advance_ms(10'000);
  const Verdict start = world.ask({.path = "/wiki", .route = 1});
  CHECK(sent(start, "max_age") == "9");
  CHECK(sent(start, "prompt").empty());
  world.auth->exchange = world.session("u1");
  world.auth->authenticated_at_s = world.clock.unix_s() - 60;
  const Verdict again = world.ask(callback(sent(start, "state")));
  REQUIRE(goes_to_logto(again));
  CHECK(sent(again, "prompt") == "login");
  CHECK(world.pending_count() == 1);
  const Verdict refused = world.ask(callback(sent(again, "state")));
  CHECK(refused.answer.status == 400);
  CHECK(refused.answer.body.find("prove once more") != std::string::npos);
  CHECK_FALSE(world.ask({.path = "/wiki", .route = 1}).kind == Verdict::Kind::pass);
  world.auth->authenticated_at_s.reset();
  const Verdict last = world.ask({.path = "/wiki", .route = 1});
  CHECK(location(world.ask(callback(sent(last, "state")))) == "/wiki");
  CHECK(world.ask({.path = "/wiki", .route = 1}).kind == Verdict::Kind::pass);
}

TEST_CASE("a session that fits no cookie is refused with a page") {
  World world;
  const Verdict start = world.ask({.route = 1});
  Session huge = world.session();
  (*huge.claims)["roles"] = nlohmann::json::array({std::string(30000, 'r')});
  world.auth->exchange = huge;
  const Verdict verdict = world.ask(callback(sent(start, "state")));
  CHECK(verdict.answer.status == 500);
  CHECK(verdict.answer.body.find("session_too_large") != std::string::npos);
  CHECK_FALSE(world.has_session());
}

TEST_CASE("a large session travels in pieces, and shrinks to one") {
  World world;
  Session large = world.session();
  (*large.claims)["roles"] = nlohmann::json::array({std::string(6000, 'r')});
  world.sign_in_directly(large);
  CHECK(world.jar.size() == 3);
  CHECK(world.ask({.route = 1}).kind == Verdict::Kind::pass);
  const Verdict start = world.ask({.path = "/_auth/sign-in", .query = "prompt=login"});
  world.auth->exchange = world.session();
  (void)world.ask(callback(sent(start, "state")));
  CHECK(world.jar.size() == 1);
  CHECK(world.ask({.route = 1}).kind == Verdict::Kind::pass);
}

TEST_CASE("signing in as somebody else revokes the first one's refresh token") {
  World world;
  Session first = world.session("u1");
  first.refresh_token = Secret("r1");
  world.sign_in_directly(first);
  const Verdict start = world.ask({.path = "/_auth/sign-in", .query = "prompt=login"});
  CHECK(sent(start, "prompt").find("login") != std::string::npos);
  world.auth->exchange = world.session("u2");
  (void)world.ask(callback(sent(start, "state")));
  CHECK(world.auth->revoked == std::vector<std::string>{"r1"});
}

TEST_CASE("what Logto gave for a sign-in that comes to nothing is given back, and its ID token is forgotten") {
  struct Case {
    const char* what;
    void (*before_start)(World&);
    void (*before_answer)(World&, Session&);
    int status;
  };
  const auto end = [](World& world) { end_sessions(world.realm, RevocationKind::sub, "u1"); };
  const auto old_proof = [](World& world, Session&) {
    world.auth->authenticated_at_s = world.clock.unix_s() - 60;
    end_sessions(world.realm, RevocationKind::sub, "u1");
    world.clock.advance_ms(1);
  };
  const Case cases[] = {
      {"it is to be proven anew", [](World&) {}, old_proof, 303},
      {"it cannot be proven", end, old_proof, 400},
      {"it was ended while it was being made", [](World&) {},
       [](World& world, Session&) { end_sessions(world.realm, RevocationKind::sub, "u1"); }, 400},
      {"it fits no cookie", [](World&) {},
       [](World&, Session& made) { (*made.claims)["roles"] = nlohmann::json::array({std::string(30000, 'r')}); }, 500},
      {"its secret was removed", [](World&) {},
       [](World& world, Session&) {
         world.loop.post([&world] { world.realm.replace_keyring({Secret(std::string(32, 't'))}); });
       },
       400},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    World world;
    world.sign_in_directly(world.session("u1"));
    c.before_start(world);
    if (world.realm.revocations.size() == 0) world.jar.clear();
    world.clock.advance_ms(1);
    const Verdict start = world.ask({.path = "/wiki", .route = 1});
    REQUIRE(goes_to_logto(start));
    Session fresh = world.session("u1");
    fresh.refresh_token = Secret("r1");
    keep_id_token_of(world.realm, fresh, Secret("token"), world.clock.unix_s() + 3600);
    world.clock.advance_ms(1);
    c.before_answer(world, fresh);
    world.auth->exchange = fresh;
    CHECK(world.ask(callback(sent(start, "state"))).answer.status == c.status);
    CHECK(world.auth->revoked == std::vector<std::string>{"r1"});
    CHECK(world.realm.tokens.size() == 0);
    CHECK(world.ask({.route = 1, .headers = kScript}).kind != Verdict::Kind::pass);
  }
}

TEST_CASE("a silent answer that fits no cookie takes nothing from the session that lives on") {
  World world;
  Session old = world.session("u1");
  old.tokens_expire_at_s = world.clock.unix_s() + 100'000;
  world.sign_in_directly(old);
  world.clock.advance_ms(world.realm.settings->session.revalidate_ms + 1000);
  const Verdict silent = world.ask({.path = "/wiki", .route = 1});
  REQUIRE(goes_to_logto(silent));
  REQUIRE(sent(silent, "prompt") == "none");
  Session huge = world.session("u1");
  huge.refresh_token = Secret("r2");
  (*huge.claims)["roles"] = nlohmann::json::array({std::string(30000, 'r')});
  world.auth->exchange = huge;
  CHECK(world.ask(callback(sent(silent, "state"))).answer.status == 500);
  CHECK(world.auth->revoked.empty());
  CHECK(world.ask({.route = 1, .headers = kScript}).kind == Verdict::Kind::pass);
}
