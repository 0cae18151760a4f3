#include <doctest/doctest.h>

#include "auth/endpoints/account.h"
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

namespace {

std::shared_ptr<Settings> shared_sign_in() {
  auto made = settings();
  made->external_urls = {{"https", "wiki.app.test", 443}, {"https", "*.team.app.test", 443}};
  made->sign_in_url = Origin{"https", "auth.app.test", 443};
  made->session.cookie.domain = "app.test";
  return made;
}

// A browser whose cookies of the domain go to every host of it: that is what World's one jar is.
struct SharedWorld : World {
  SharedWorld() : World(shared_sign_in()) {}
  Origin at{"https", "wiki.app.test", 443};

  Verdict ask_at(const Origin& origin, const Ask& request) {
    const std::string cookies = cookie_line();
    RequestHead head;
    head.method = request.method;
    for (const auto& [name, value] : request.headers) head.fields.add(name, value);
    if (!cookies.empty()) head.fields.add("Cookie", cookies);
    RequestFacts facts;
    facts.head = &head;
    facts.external = &origin;
    facts.path = request.path;
    facts.query = request.query;
    facts.has_query = !request.query.empty();
    if (request.route > 0) facts.route = &realm.settings->routes[static_cast<std::size_t>(request.route - 1)];
    facts.request_id = "0123456789abcdef";
    Verdict verdict = judge_and_wait(facts);
    keep(verdict.set_cookies);
    return verdict;
  }
  Verdict come_back(const std::string& state) {
    FinishedSignIn made = session();
    auth->exchange = std::move(made);
    return ask_at(*realm.settings->sign_in_url, callback(state));
  }
};

bool all_have(const std::vector<std::string>& lines, std::string_view attribute) {
  return std::all_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(attribute) != std::string::npos; });
}

}  // namespace

TEST_CASE("one origin signs in for all, and the browser comes back to where it was") {
  SharedWorld world;
  for (const char* host : {"wiki.app.test", "blue.team.app.test"}) {
    INFO(host);
    world.jar.clear();
    const Origin at{"https", host, 443};
    const Verdict start = world.ask_at(at, {.path = "/page", .query = "x=1", .route = 1});
    REQUIRE(goes_to_logto(start));
    CHECK(sent(start, "redirect_uri") == "https://auth.app.test/_auth/callback");
    REQUIRE(start.set_cookies.size() == 1);
    CHECK(start.set_cookies[0].starts_with("__Secure-logto_pending_"));
    CHECK(all_have(start.set_cookies, "; Domain=app.test; HttpOnly; Secure"));
    const Verdict back = world.come_back(sent(start, "state"));
    CHECK(location(back) == "https://" + std::string(host) + "/page?x=1");
    CHECK(all_have(back.set_cookies, "; Domain=app.test; HttpOnly; Secure"));
    CHECK(world.jar.contains("__Secure-logto_session"));
    CHECK(world.ask_at(at, {.path = "/page", .route = 1}).kind == Verdict::Kind::pass);
    CHECK(world.ask_at({"https", "other.team.app.test", 443}, {.path = "/", .route = 1}).kind == Verdict::Kind::pass);
  }
}

TEST_CASE("return_to of a sign-in names any external URL of the realm, and nothing else") {
  SharedWorld world;
  const auto ends_at = [&](const Origin& at, const std::string& return_to) {
    world.jar.clear();
    const Verdict start =
        world.ask_at(at, {.path = "/_auth/sign-in", .query = "return_to=" + percent_encode(return_to)});
    REQUIRE(goes_to_logto(start));
    return location(world.come_back(sent(start, "state")));
  };
  const Origin sign_in = *world.realm.settings->sign_in_url;
  CHECK(ends_at(world.at, "/a") == "https://wiki.app.test/a");
  CHECK(ends_at(world.at, "https://x.team.app.test/a") == "https://x.team.app.test/a");
  CHECK(ends_at(sign_in, "https://wiki.app.test/a") == "https://wiki.app.test/a");
  CHECK(ends_at(world.at, "https://evil.test/a") == "https://wiki.app.test/");
  CHECK(ends_at(sign_in, "https://evil.test/a") == "/_auth/");
  CHECK(ends_at(world.at, "/" + std::string(2000, 'a')) == "https://wiki.app.test/" + std::string(2000, 'a'));
  const std::string long_path = "/" + std::string(6000, 'a');
  CHECK(ends_at(world.at, long_path) == "https://wiki.app.test" + long_path);
}

TEST_CASE("the account page is come back to on the origin that it was asked for on") {
  SharedWorld world;
  const Verdict start = world.ask_at(world.at, {.path = "/_auth/"});
  REQUIRE(goes_to_logto(start));
  CHECK(location(world.come_back(sent(start, "state"))) == "https://wiki.app.test/_auth/");
}

TEST_CASE("a stale callback starts afresh for the place it came from") {
  SharedWorld world;
  const Verdict start = world.ask_at(world.at, {.path = "/page", .route = 1});
  world.jar.clear();
  const Verdict again = world.come_back(sent(start, "state"));
  REQUIRE(goes_to_logto(again));
  CHECK(location(world.come_back(sent(again, "state"))) == "https://wiki.app.test/page");
  world.jar.clear();
  const Verdict deep = world.ask_at(world.at, {.path = "/" + std::string(500, 'a'), .route = 1});
  world.jar.clear();
  const Verdict deep_again = world.come_back(sent(deep, "state"));
  REQUIRE(goes_to_logto(deep_again));
  CHECK(location(world.come_back(sent(deep_again, "state"))) == "https://wiki.app.test/");
}

TEST_CASE("a browser that keeps no session is stopped, wherever it started") {  // threat O43
  SharedWorld world;
  int rounds = 0;
  for (; rounds < 10; ++rounds) {
    const Verdict start = world.ask_at(world.at, {.path = "/page", .route = 1});
    if (!goes_to_logto(start)) break;
    REQUIRE(world.come_back(sent(start, "state")).answer.status == 303);
    world.jar.erase("__Secure-logto_session");
  }
  CHECK(rounds < 6);
  CHECK(world.ask_at({"https", "blue.team.app.test", 443}, {.path = "/page", .route = 1}).answer.status == 303);
}

TEST_CASE("signing out deletes the domain's cookie, and what the host has of its own") {  // threat C15
  SharedWorld world;
  world.keep(SessionCookie(world.realm, true).write(world.session(), 0, kNowS));
  world.jar["__Host-logto_session"] = "left";
  world.jar["__Host-logto_session_1"] = "over";
  Ask ask{.method = "POST",
          .path = "/_auth/sign-out",
          .headers = {{"Sec-Fetch-Site", "same-origin"}, {"Origin", "https://wiki.app.test"}}};
  const Verdict out = world.ask_at(world.at, ask);
  REQUIRE(out.answer.status == 303);
  CHECK(sent(out, "post_logout_redirect_uri") == "https://auth.app.test/_auth/signed-out");
  CHECK(world.jar.empty());
  int domain_wide = 0;
  int host_only = 0;
  for (const std::string& line : out.set_cookies) {
    const bool is_domain_wide = line.find("; Domain=app.test;") != std::string::npos;
    domain_wide += line.starts_with("__Secure-logto_session=;") && is_domain_wide ? 1 : 0;
    host_only += line.starts_with("__Host-logto_session") && line.find("Domain") == std::string::npos ? 1 : 0;
  }
  CHECK(domain_wide == 1);
  CHECK(host_only == 2);
}

TEST_CASE("a host's own cookie beside the domain's is deleted when signing in again") {  // threat C10
  auto with = shared_sign_in();
  with->session.cookie.name = "mine";
  SharedWorld world;
  World named(with);
  named.jar["mine"] = "does-not-open";
  const Verdict start = named.ask({.path = "/page", .route = 1});
  REQUIRE(goes_to_logto(start));
  CHECK(std::any_of(start.set_cookies.begin(), start.set_cookies.end(), [](const std::string& line) {
    return line.starts_with("mine=; ") && line.find("Domain") == std::string::npos;
  }));
}

TEST_CASE("no realm opens what another one sealed") {  // threat C18
  auto b = settings();
  b->realm = "b";
  World one;
  World other(b);
  one.sign_in_directly(one.session());
  const Verdict pending = one.ask({.path = "/x", .route = 1});
  REQUIRE(pending.kind == Verdict::Kind::pass);
  for (const auto& [name, value] : one.jar) {
    other.jar[name] = value;
    other.jar["__Host-logto_session-b"] = value;
  }
  CHECK(goes_to_logto(other.ask({.path = "/x", .route = 1})));
  World fresh;
  const Verdict start = fresh.ask({.path = "/x", .route = 1});
  World thief(b);
  for (const auto& [name, value] : fresh.jar) {
    thief.jar[name] = value;
    thief.jar["__Host-logto_pending-b_" + name.substr(name.size() - 16)] = value;
  }
  (void)thief.ask(callback(sent(start, "state")));
  CHECK(thief.auth->exchanges == 0);
  CHECK_FALSE(thief.jar.contains("__Host-logto_session-b"));
}
