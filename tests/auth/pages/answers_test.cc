#include "auth/rules/authorize.h"

#include <nlohmann/json.hpp>
#include "auth/rules/challenge.h"
#include "auth/rules/cors.h"
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

namespace {

Requirement max_age(std::int64_t seconds) {
  Requirement made;
  made.kind = Requirement::Kind::max_age;
  made.max_age_s = seconds;
  return made;
}

std::shared_ptr<Settings> with_route(const RouteSettings& route_of_test) {
  auto made = settings();
  made->external_urls.push_back({"https", "sibling.test", 443});
  made->routes.push_back(route_of_test);
  made->routes.back().index = 9;
  return made;
}

Ask with(std::vector<std::pair<std::string, std::string>> headers, Ask ask) {
  for (auto& header : headers) ask.headers.push_back(std::move(header));
  return ask;
}

// Values of all fields with this name.
std::vector<std::string> headers_of(const Answer& answer, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [n, v] : answer.headers) {
    if (iequals(n, name)) values.push_back(v);
  }
  return values;
}

bool has(const std::vector<std::string>& list, std::string_view one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

Session proven(const World& world, std::int64_t ago_s, std::vector<std::string> roles = {"editor"}) {
  Session made = world.session();
  made.authenticated_at_s = world.clock.unix_s() - ago_s;
  (*made.claims)["roles"] = roles;
  return made;
}

}  // namespace

TEST_CASE("a 401 asks for what its route takes, in a way that makes no browser open a dialog") {
  RouteSettings one;
  const auto fields = [&](const Challenge& challenge) { return challenge_fields(&one, challenge); };
  CHECK(challenge_fields(nullptr, {}) == std::vector<std::string>{"Cookie realm=\"logto-proxy\""});
  CHECK(fields({}) == std::vector<std::string>{"Cookie realm=\"logto-proxy\""});
  one.accept = {true, true};
  CHECK(fields({}) == std::vector<std::string>{"Bearer realm=\"logto-proxy\"", "Cookie realm=\"logto-proxy\""});
  one.accept = {false, true};
  CHECK(fields({"invalid_token", "it \"expired\"\\\r\n", "read:x write:x", -1}) ==
        std::vector<std::string>{"Bearer realm=\"logto-proxy\", error=\"invalid_token\", "
                                 "error_description=\"it  expired    \", scope=\"read:x write:x\""});
  CHECK(fields({kMoreRecentSignIn, "", "", 0}) ==
        std::vector<std::string>{
            "Bearer realm=\"logto-proxy\", error=\"insufficient_user_authentication\", max_age=\"0\""});
}

TEST_CASE("whose scripts may read our answers") {
  RouteSettings one;
  one.allowed_origins = {{"https", "partner.test", 8443}};
  const auto configured = with_route(one);
  struct Case {
    const char* what;
    std::vector<std::string> origins;
    bool allowed;
  };
  const Case cases[] = {
      {"nobody said", {}, false},
      {"our own", {"https://app.test"}, true},
      {"a sibling", {"https://sibling.test"}, true},
      {"one that the route names", {"https://partner.test:8443"}, true},
      {"another port", {"https://partner.test"}, false},
      {"another scheme", {"http://app.test"}, false},
      {"a subdomain", {"https://x.app.test"}, false},
      {"one that begins like ours", {"https://app.test.evil.test"}, false},
      {"with a slash", {"https://app.test/"}, false},
      {"in upper case", {"https://APP.test"}, false},
      {"with the port that goes without saying", {"https://app.test:443"}, false},
      {"a sandboxed page", {"null"}, false},
      {"everybody", {"*"}, false},
      {"nothing", {""}, false},
      {"two", {"https://app.test", "https://app.test"}, false},
      {"a list", {"https://app.test, https://evil.test"}, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Fields fields;
    for (const std::string& origin : c.origins) fields.add("Origin", origin);
    Answer answer;
    add_cors_headers(answer, fields, *configured, &configured->routes.back());
    CHECK(has(headers_of(answer, "Vary"), "Origin"));
    CHECK(header(answer, "Access-Control-Allow-Origin") == (c.allowed ? c.origins.front() : ""));
    CHECK(header(answer, "Access-Control-Allow-Credentials") == (c.allowed ? "true" : ""));
    CHECK((header(answer, "Access-Control-Expose-Headers").find("WWW-Authenticate") != std::string::npos) == c.allowed);
    Answer elsewhere;
    add_cors_headers(elsewhere, fields, *configured, nullptr);
    const bool by_route = c.allowed && c.origins.front().find("partner") != std::string::npos;
    CHECK(header(elsewhere, "Access-Control-Allow-Origin").empty() == (!c.allowed || by_route));
  }
}

TEST_CASE("what is a preflight") {  // threat P26
  struct Case {
    const char* what;
    const char* method;
    std::vector<std::pair<std::string, std::string>> fields;
    bool preflight;
  };
  const std::pair<std::string, std::string> origin{"Origin", "https://x.test"};
  const std::pair<std::string, std::string> method{"Access-Control-Request-Method", "PUT"};
  const Case cases[] = {
      {"one", "OPTIONS", {origin, method}, true},
      {"one with an empty body", "OPTIONS", {origin, method, {"Content-Length", "0"}}, true},
      {"of a sandboxed page", "OPTIONS", {{"Origin", "null"}, method}, true},
      {"without a method", "OPTIONS", {origin}, false},
      {"without an origin", "OPTIONS", {method}, false},
      {"with an empty origin", "OPTIONS", {{"Origin", ""}, method}, false},
      {"with an empty method", "OPTIONS", {origin, {"Access-Control-Request-Method", ""}}, false},
      {"with a strange method", "OPTIONS", {origin, {"Access-Control-Request-Method", "A, B"}}, false},
      {"with two methods", "OPTIONS", {origin, method, method}, false},
      {"with two origins", "OPTIONS", {origin, origin, method}, false},
      {"with a body", "OPTIONS", {origin, method, {"Content-Length", "1"}}, false},
      {"with a chunked body", "OPTIONS", {origin, method, {"Transfer-Encoding", "chunked"}}, false},
      {"another method", "GET", {origin, method}, false},
      {"a method in lower case", "options", {origin, method}, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    RequestHead head;
    head.method = c.method;
    for (const auto& [name, value] : c.fields) head.fields.add(name, value);
    CHECK(is_preflight(head) == c.preflight);
  }
}

TEST_CASE("preflights pass only where the route says so, and then as nobody") {
  RouteSettings open;
  open.preflight = true;
  const Ask preflight{.method = "OPTIONS",
                      .route = 9,
                      .headers = {{"Origin", "https://x.test"}, {"Access-Control-Request-Method", "PUT"}}};
  World world(with_route(open));
  world.sign_in_directly(world.session());
  const Verdict passed = world.ask(preflight);
  CHECK(passed.kind == Verdict::Kind::pass);
  CHECK(passed.decision == "preflight");
  CHECK(passed.session == nullptr);
  CHECK(passed.set_cookies.empty());
  world.jar.clear();
  CHECK(world.ask(preflight).kind == Verdict::Kind::pass);
  Ask plain = preflight;
  plain.headers.pop_back();
  CHECK(world.ask(plain).answer.status == 401);
  Ask upgrade = preflight;
  upgrade.wants_upgrade = true;
  CHECK(world.ask(upgrade).answer.status == 401);
  Ask elsewhere = preflight;
  elsewhere.route = 1;
  CHECK(world.ask(elsewhere).answer.status == 401);
  open.access = Access::deny;
  World closed(with_route(open));
  CHECK(closed.ask(preflight).answer.status == 403);
}

TEST_CASE("our errors are problems that scripts of allowed origins may read") {
  RouteSettings one;
  one.require.children = {roles_requirement({"admin"})};
  one.allowed_origins = {{"https", "partner.test", 443}};
  World world(with_route(one));
  const Ask script{.path = "/api", .route = 9, .headers = kScript};
  for (const bool signed_in : {false, true}) {
    CAPTURE(signed_in);
    if (signed_in) world.sign_in_directly(world.session());
    const Answer answer = world.ask(with({{"Origin", "https://partner.test"}}, script)).answer;
    CHECK(answer.status == (signed_in ? 403 : 401));
    CHECK(header(answer, "Content-Type") == "application/problem+json");
    const auto problem = nlohmann::json::parse(answer.body);
    CHECK(problem["type"] == "about:blank");
    CHECK(problem["status"] == answer.status);
    CHECK(problem["title"] == (signed_in ? "Forbidden" : "Unauthorized"));
    CHECK(problem["instance"] == "0123456789abcdef");
    CHECK(problem["detail"] == problem["message"]);
    CHECK(problem.contains(signed_in ? "missing" : "sign_in_url"));
    CHECK(header(answer, "WWW-Authenticate").empty() == signed_in);
    CHECK(header(answer, "Access-Control-Allow-Origin") == "https://partner.test");
    const Answer foreign = world.ask(with({{"Origin", "https://evil.test"}}, script)).answer;
    CHECK(header(foreign, "Access-Control-Allow-Origin").empty());
    CHECK(has(headers_of(foreign, "Vary"), "Origin"));
  }
  const Answer me =
      world.ask(with({{"Origin", "https://sibling.test"}}, {.path = "/_auth/me", .headers = kScript})).answer;
  CHECK(me.status == 200);
  CHECK(header(me, "Access-Control-Allow-Origin") == "https://sibling.test");
  CHECK(header(me, "Content-Type") == "application/json");
  const Answer page = world.ask(with({{"Origin", "https://partner.test"}}, {.path = "/api", .route = 9})).answer;
  CHECK(header(page, "Access-Control-Allow-Origin").empty());
}

TEST_CASE("errors that the proxy finds may be read by the same origins") {
  World world(with_route({}));
  RequestHead head;
  head.method = "GET";
  head.fields.add("Origin", "https://sibling.test");
  RequestFacts facts;
  facts.head = &head;
  CHECK(header(world.gatekeeper.error_answer(502, facts), "Access-Control-Allow-Origin").empty());  // whose host?
  facts.external = &world.realm.settings->external_urls.front();
  CHECK(header(world.gatekeeper.error_answer(502, facts), "Access-Control-Allow-Origin") == "https://sibling.test");
}

TEST_CASE("what those who may not get, by routes[].forbidden") {
  RouteSettings one;
  one.require.children = {roles_requirement({"admin"})};
  SUBCASE("403 says nothing more") {
    one.forbidden = Forbidden::status_403;
    World world(with_route(one));
    world.sign_in_directly(world.session());
    const Verdict verdict = world.ask({.path = "/admin", .route = 9});
    CHECK(verdict.answer.status == 403);
    CHECK(verdict.decision == "forbidden");
    CHECK(header(verdict.answer, "Content-Type") == "text/plain; charset=utf-8");
    CHECK(verdict.answer.body.find("0123456789abcdef") != std::string::npos);
    CHECK(verdict.answer.body.find("admin") == std::string::npos);
    CHECK(header(world.ask({.route = 9, .headers = kScript}).answer, "Content-Type") == "application/problem+json");
  }
  SUBCASE("sign_in lets a navigation choose another account, once") {
    one.forbidden = Forbidden::sign_in;
    World world(with_route(one));
    world.sign_in_directly(world.session());
    CHECK(world.ask({.route = 9, .headers = kScript}).answer.status == 403);
    CHECK(world.ask({.method = "POST", .route = 9}).answer.status == 403);
    const Verdict away = world.ask({.path = "/admin", .route = 9});
    REQUIRE(goes_to_logto(away));
    CHECK(sent(away, "prompt") == "login");
    CHECK(away.decision == "forbidden");
    SUBCASE("the same person comes back, and gets the page") {
      world.auth->exchange = world.session();
      CHECK(location(world.ask(callback(sent(away, "state")))) == "/admin");
      const Verdict page = world.ask({.path = "/admin", .route = 9});
      CHECK(page.answer.status == 403);
      CHECK(page.answer.body.find("Alice") != std::string::npos);
      CHECK(goes_to_logto(world.ask({.path = "/admin", .route = 9})));  // and may try again
    }
    SUBCASE("another one may") {
      Session admin = world.session("u2");
      (*admin.claims)["roles"] = {"admin"};
      world.auth->exchange = admin;
      CHECK(location(world.ask(callback(sent(away, "state")))) == "/admin");
      CHECK(world.ask({.path = "/admin", .route = 9}).kind == Verdict::Kind::pass);
    }
  }
  SUBCASE("sign_in does not send those round who have just signed in for that page") {
    one.forbidden = Forbidden::sign_in;
    World world(with_route(one));
    const Verdict first = world.ask({.path = "/admin", .route = 9});
    REQUIRE(goes_to_logto(first));
    world.auth->exchange = world.session();
    (void)world.ask(callback(sent(first, "state")));
    CHECK(world.ask({.path = "/admin", .route = 9}).answer.status == 403);
  }
}

TEST_CASE("in shadow everybody passes, and the verdict says what would have happened") {
  RouteSettings one;
  one.shadow = true;
  one.require.children = {roles_requirement({"admin"}), max_age(60)};
  one.deny.kind = Requirement::Kind::any;
  one.deny.children = {roles_requirement({"banned"})};
  World world(with_route(one));
  struct Case {
    const char* what;
    std::optional<std::vector<std::string>> roles;
    std::int64_t ago_s;
    const char* shadow;
    const char* missing;
  };
  const Case cases[] = {
      {"nobody", std::nullopt, 0, "sign_in", ""},
      {"who may", {{"admin"}}, 10, "", ""},
      {"who lacks a role", {{"editor"}}, 10, "forbidden", "role admin"},
      {"who lacks everything", {{"editor"}}, 100, "forbidden", "role admin; a sign-in at most 60 s ago"},
      {"who signed in long ago", {{"admin"}}, 100, "step_up", "a sign-in at most 60 s ago"},
      {"who is banned", {{"banned", "admin"}}, 10, "denied", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    world.jar.clear();
    if (c.roles) world.sign_in_directly(proven(world, c.ago_s, *c.roles));
    for (const Ask& ask : {Ask{.route = 9}, Ask{.route = 9, .headers = kScript}, Ask{.method = "POST", .route = 9}}) {
      const Verdict verdict = world.ask(ask);
      CHECK(verdict.kind == Verdict::Kind::pass);
      CHECK(verdict.shadow == c.shadow);
      CHECK(verdict.shadow_missing == c.missing);
      CHECK(verdict.set_cookies.empty());
      CHECK((verdict.session != nullptr) == c.roles.has_value());
    }
  }
  CHECK(world.ask({.route = 1, .headers = kScript}).shadow.empty());
}

TEST_CASE("in shadow nobody is sent to Logto to have their session validated") {
  RouteSettings one;
  one.shadow = true;
  World world(with_route(one));
  world.sign_in_directly(world.session());
  world.clock.advance_ms(kHour + kSecond);
  CHECK(world.ask({.route = 9}).kind == Verdict::Kind::pass);
}

TEST_CASE("which max_age a first sign-in asks for") {
  const auto group = [](Requirement::Kind kind, std::vector<Requirement> children) {
    return group_requirement(kind, std::move(children));
  };
  using Kind = Requirement::Kind;
  CHECK(needed_max_age_s(group(Kind::all, {})) == std::nullopt);
  CHECK(needed_max_age_s(group(Kind::all, {roles_requirement({"a"}), max_age(300)})) == 300);
  CHECK(needed_max_age_s(group(Kind::all, {max_age(300), group(Kind::all, {max_age(60)})})) == 60);
  CHECK(needed_max_age_s(group(Kind::all, {group(Kind::any, {max_age(60), roles_requirement({"a"})})})) ==
        std::nullopt);
  CHECK(needed_max_age_s(group(Kind::all, {group(Kind::none, {max_age(60)})})) == std::nullopt);
}

TEST_CASE("another sign-in is asked for only where it is all that lacks") {
  using Kind = Requirement::Kind;
  using Outcome = Authorization::Verdict;
  struct Case {
    const char* what;
    Requirement rule;
    Outcome verdict;
    std::int64_t max_age_s;
  };
  const Requirement admin = roles_requirement({"admin"});
  const Requirement editor = roles_requirement({"editor"});
  const Case cases[] = {
      {"alone", max_age(60), Outcome::step_up, 60},
      {"old enough", max_age(100), Outcome::pass, 0},
      {"a role is missing too", all_requirement({max_age(60), admin}), Outcome::forbidden, 0},
      {"nested", all_requirement({max_age(60), editor}), Outcome::step_up, 60},
      {"the smallest that fails", all_requirement({max_age(60), max_age(30), max_age(200)}), Outcome::step_up, 30},
      {"instead of a role", group_requirement(Kind::any, {max_age(60), admin}), Outcome::step_up, 60},
      {"instead of a role that is there", group_requirement(Kind::any, {max_age(60), editor}), Outcome::pass, 0},
      {"who must not be recent", group_requirement(Kind::none, {max_age(200)}), Outcome::forbidden, 0},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    RouteSettings one;
    one.require.children = {c.rule};
    Session session;
    session.sub = "u";
    (*session.claims)["roles"] = {"editor"};
    session.authenticated_at_s = 900;
    const Principal who = principal_of(session);
    const Authorization judged = authorize(one, &who, 1000);
    CHECK(judged.verdict == c.verdict);
    CHECK(judged.max_age_s == c.max_age_s);
  }
}

TEST_CASE("a route with max_age sends it with the first sign-in already") {
  RouteSettings one;
  one.require.children = {max_age(300)};
  World world(with_route(one));
  const Verdict start = world.ask({.path = "/pay", .route = 9});
  REQUIRE(goes_to_logto(start));
  CHECK(sent(start, "max_age") == "300");
  CHECK(sent(start, "prompt").empty());
  const Verdict by_link = world.ask({.path = "/_auth/sign-in", .query = "route=9&return_to=%2Fpay"});
  CHECK(sent(by_link, "max_age") == "300");
  CHECK(sent(world.ask({.path = "/other", .route = 1}), "max_age").empty());
  world.auth->exchange = proven(world, 0);
  (void)world.ask(callback(sent(start, "state")));
  CHECK(world.auth->exchanged_pending.max_age_s == 300);
  CHECK(world.ask({.path = "/pay", .route = 9}).kind == Verdict::Kind::pass);
}

TEST_CASE("a configured max_age is proven as well, and the smaller one wins") {
  RouteSettings one;
  one.require.children = {max_age(300)};
  one.sign_in.extra = {{"max_age", "60"}};
  World world(with_route(one));
  const Verdict start = world.ask({.path = "/pay", .route = 9});
  CHECK(sent(start, "max_age") == "60");
  CHECK(location(start).find("max_age=", location(start).find("max_age=") + 1) == std::string::npos);
  world.auth->exchange = proven(world, 0);
  (void)world.ask(callback(sent(start, "state")));
  CHECK(world.auth->exchanged_pending.max_age_s == 60);
}

TEST_CASE("a sign-in that is too long ago is made again") {
  RouteSettings one;
  one.require.children = {max_age(300), roles_requirement({"editor"})};
  World world(with_route(one));
  const Session old = proven(world, 0);
  world.sign_in_directly(old);
  CHECK(world.ask({.path = "/pay", .route = 9}).kind == Verdict::Kind::pass);
  world.clock.advance_ms(301 * kSecond);

  const Answer script = world.ask({.path = "/pay", .route = 9, .headers = kScript}).answer;
  CHECK(script.status == 401);
  CHECK(header(script, "WWW-Authenticate") ==
        "Cookie realm=\"logto-proxy\", error=\"insufficient_user_authentication\", error_description=\"A more recent "
        "sign-in is needed to use this address.\", max_age=\"300\"");
  const auto problem = nlohmann::json::parse(script.body);
  CHECK(problem["error"] == "insufficient_user_authentication");
  CHECK(problem["max_age"] == 300);
  CHECK(problem["sign_in_url"] == "https://app.test/_auth/sign-in?route=9");
  const Answer form = world.ask({.method = "POST", .path = "/pay", .route = 9}).answer;
  CHECK(form.status == 401);
  CHECK(form.body.find("recent sign-in") != std::string::npos);
  CHECK(world.ask({.path = "/pay", .route = 9, .wants_upgrade = true}).answer.status == 401);
  const Verdict by_link = world.ask({.path = "/_auth/sign-in", .query = "route=9&return_to=%2Fpage"});
  REQUIRE(goes_to_logto(by_link));
  CHECK(sent(by_link, "max_age") == "300");

  const Verdict start = world.ask({.path = "/pay", .query = "x=1", .route = 9});
  REQUIRE(goes_to_logto(start));
  CHECK(start.decision == "step_up");
  CHECK(sent(start, "max_age") == "300");
  CHECK(world.has_session());
  SUBCASE("the same person goes on with their session") {
    world.auth->exchange = proven(world, 0);
    CHECK(location(world.ask(callback(sent(start, "state")))) == "/pay?x=1");
    const Verdict passed = world.ask({.path = "/pay", .route = 9});
    REQUIRE(passed.kind == Verdict::Kind::pass);
    const Session& session = passed.session->session;
    CHECK(session.id == old.id);
    CHECK(session.signed_in_at_ms == old.signed_in_at_ms);
    CHECK(session.generation > old.generation);
    CHECK(session.authenticated_at_s == world.clock.unix_s());
    CHECK(world.ask({.path = "/_auth/sign-in", .query = "route=9&return_to=%2Fpay"}).answer.headers.front().second ==
          "/pay");
  }
  SUBCASE("another person gets a session of their own") {
    Session other = proven(world, 0);
    other.sub = "u2";
    world.auth->exchange = other;
    CHECK(location(world.ask(callback(sent(start, "state")))) == "/pay?x=1");
    const Verdict passed = world.ask({.path = "/pay", .route = 9});
    CHECK(passed.session->session.sub == "u2");
    CHECK(passed.session->session.id != old.id);
  }
  SUBCASE("an answer that does not prove it changes nothing, and says so") {
    world.auth->exchange = SignInFailure{SignInFailure::Kind::rejected, "auth_time", "missing"};
    const Verdict failed = world.ask(callback(sent(start, "state")));
    CHECK(failed.answer.status == 400);
    CHECK(failed.answer.body.find("recent sign-in") != std::string::npos);
    CHECK(failed.answer.body.find("prompt=login&amp;route=9&amp;return_to=%2Fpay%3Fx%3D1") != std::string::npos);
    CHECK(world.ask({.path = "/wiki", .route = 1}).kind == Verdict::Kind::pass);
    CHECK(world.pending_count() == 1);  // that of the link above
  }
  SUBCASE("a browser that goes on with the old session is stopped") {
    const auto jar = world.jar;
    int rounds = 0;
    Verdict verdict = start;
    for (; goes_to_logto(verdict) && rounds < 20; ++rounds) {
      world.auth->exchange = proven(world, 0);
      (void)world.ask(callback(sent(verdict, "state")));
      world.jar["__Host-logto_session"] = jar.at("__Host-logto_session");
      verdict = world.ask({.path = "/pay", .query = "x=1", .route = 9});
    }
    CHECK(rounds < 6);
    CHECK(verdict.decision == "loop");
  }
  SUBCASE("Logto is away") {
    world.auth->known = world.auth->reachable = nullptr;
    CHECK(world.ask({.path = "/pay", .route = 9}).answer.status == 503);
    CHECK(world.ask({.path = "/wiki", .route = 1}).kind == Verdict::Kind::pass);
  }
}

TEST_CASE("a silent validation keeps what is known of the sign-in") {
  RouteSettings one;
  one.require.children = {max_age(2 * 3600)};
  World world(with_route(one));
  const Session old = proven(world, 0);
  world.sign_in_directly(old);
  world.clock.advance_ms(kHour + kSecond);
  const Verdict silent = world.ask({.path = "/pay", .route = 9});
  REQUIRE(goes_to_logto(silent));
  CHECK(sent(silent, "prompt") == "none");
  CHECK(sent(silent, "max_age").empty());
  world.auth->exchange = world.session();
  (void)world.ask(callback(sent(silent, "state")));
  const Verdict passed = world.ask({.path = "/pay", .route = 9});
  REQUIRE(passed.kind == Verdict::Kind::pass);
  CHECK(passed.session->session.authenticated_at_s == old.authenticated_at_s);
}

TEST_CASE("a step-up asks the person even where a route would not") {
  RouteSettings one;
  one.require.children = {max_age(300)};
  one.sign_in.prompt = "none";
  World world(with_route(one));
  world.sign_in_directly(world.session());
  CHECK(sent(world.ask({.path = "/pay", .route = 9}), "prompt").empty());
}

TEST_CASE("a step-up of a route that answers 401 is told, not begun") {
  RouteSettings one;
  one.require.children = {max_age(300)};
  one.unauthenticated = Unauthenticated::status_401;
  World world(with_route(one));
  world.sign_in_directly(world.session());
  const Verdict verdict = world.ask({.path = "/pay", .route = 9});
  CHECK(verdict.answer.status == 401);
  CHECK(verdict.answer.body.find("/_auth/sign-in?route=9&amp;return_to=%2Fpay") != std::string::npos);
}
