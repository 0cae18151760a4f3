#include "auth/loops/stop.h"
#include "auth/cookies/secret_fingerprint.h"

#include "auth/cookies/loop_marker.h"
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

namespace {

constexpr const char* kSession = "__Host-logto_session";
constexpr const char* kMarker = "__Host-logto_loop";

Verdict sign_in_from(World& world, const Verdict& sent_to_logto) {
  REQUIRE(goes_to_logto(sent_to_logto));
  world.auth->exchange = world.session();
  return world.ask(callback(sent(sent_to_logto, "state")));
}

bool is_stopped(const Verdict& verdict, std::string_view cause) {
  return verdict.answer.status == 400 && verdict.decision == "loop" &&
         verdict.answer.body.find(cause) != std::string::npos;
}

}  // namespace

TEST_CASE("the third time that a session does not come back is the last") {
  World world;
  for (int round = 0; round < 2; ++round) {
    (void)sign_in_from(world, world.ask({.path = "/x", .route = 1}));
    world.jar.erase(kSession);
    world.clock.advance_ms(300);
  }
  const Verdict third = world.ask({.path = "/x", .route = 1});
  CHECK(is_stopped(third, "cookie_not_returned"));
  CHECK(third.answer.body.find("href=\"/_auth/sign-in?route=1&amp;return_to=%2Fx\"") != std::string::npos);
  CHECK_FALSE(world.jar.contains(kMarker));
  CHECK(goes_to_logto(world.ask({.path = "/_auth/sign-in", .query = "route=1&return_to=%2Fx"})));
}

TEST_CASE("ten tabs at once, signing out and in again, and other targets are no loop") {
  World world;
  std::vector<Verdict> tabs;
  for (int i = 0; i < 5; ++i) tabs.push_back(world.ask({.path = "/x", .route = 1}));
  for (const Verdict& tab : tabs) {
    CHECK(location(sign_in_from(world, tab)) == "/x");
    CHECK(world.ask({.path = "/x", .route = 1}).kind == Verdict::Kind::pass);
  }
  CHECK_FALSE(world.jar.contains(kMarker));
  for (int i = 0; i < 6; ++i) {
    (void)world.ask({.method = "POST", .path = "/_auth/sign-out", .headers = {{"Sec-Fetch-Site", "same-origin"}}});
    CHECK_FALSE(world.jar.contains(kMarker));
    CHECK(location(sign_in_from(world, world.ask({.path = "/x", .route = 1}))) == "/x");
  }
  for (const char* path : {"/a", "/b", "/c", "/d"}) {
    world.jar.erase(kSession);
    CHECK(location(sign_in_from(world, world.ask({.path = path, .route = 1}))) == path);
  }
  for (int i = 0; i < 6; ++i) {
    CHECK(location(sign_in_from(world, world.ask({.path = "/_auth/sign-in", .query = "prompt=login"}))) == "/");
  }
}

TEST_CASE("what sends somebody who is signed in to sign in again is stopped at the fifth time, with what it is told") {
  for (const char* endpoint : {"/_auth/sign-in", "/_auth/sign-up", "/oauth2/start", "/oauth2/sign_in"}) {
    CAPTURE(endpoint);
    auto with = settings();
    with->forward_auth.oauth2_proxy = "/oauth2";
    World world(with);
    world.sign_in_directly(world.session());
    const bool is_ours = std::string(endpoint).starts_with("/_auth");
    const auto comes = [&](int round) {
      const std::string target = "%2Fpage%3Fstate%3D" + std::to_string(round);  // another one each time
      return world.ask({.path = endpoint, .query = (is_ours ? "return_to=" : "rd=") + target});
    };
    for (int round = 0; round < 4; ++round) {
      CHECK(location(comes(round)) == "/page?state=" + std::to_string(round));
      CHECK(world.ask({.path = "/page", .route = 1}).kind == Verdict::Kind::pass);  // it wipes the marker of sign-ins
      world.clock.advance_ms(200);
    }
    const Verdict fifth = comes(4);
    CHECK(is_stopped(fifth, "sent_back"));
    CHECK(fifth.answer.body.find("5 times") != std::string::npos);
    CHECK_FALSE(world.jar.contains("__Host-logto_loop_1"));
    CHECK(location(comes(5)) == "/page?state=5");  // from the beginning
  }
}

TEST_CASE("who signs in often, for other pages, by a script or in another name is in no circle") {
  World world;
  world.sign_in_directly(world.session());
  const auto comes = [&](const std::string& path) {
    return world.ask({.path = "/_auth/sign-in", .query = "return_to=" + path});
  };
  for (int round = 0; round < 12; ++round) {
    CHECK(location(comes("/page" + std::to_string(round % 3))) == "/page" + std::to_string(round % 3));
    world.clock.advance_ms(2'500);
  }
  world.jar.erase("__Host-logto_loop_1");
  for (int round = 0; round < 4; ++round) (void)comes("/x");
  const std::string planted = world.jar.at("__Host-logto_loop_1");
  Session other = world.session();
  other.sub = "somebody-else";
  world.jar.clear();
  world.sign_in_directly(other);
  world.jar["__Host-logto_loop_1"] = planted;
  CHECK(location(comes("/x")) == "/x");
  for (int round = 0; round < 8; ++round)
    CHECK_FALSE(
        is_stopped(world.ask({.path = "/_auth/sign-in", .query = "return_to=/x", .headers = kScript}), "sent_back"));
}

TEST_CASE("a path that gets no cookies is found out at the callback") {
  World world;
  Verdict back;
  for (int round = 0; round < 3; ++round) {
    const auto jar = world.jar;
    world.jar.clear();  // something in front removes them from requests for /x
    const Verdict sent_to_logto = world.ask({.path = "/x", .route = 1});
    for (const auto& [name, value] : jar) world.jar.emplace(name, value);
    back = sign_in_from(world, sent_to_logto);
  }
  CHECK(is_stopped(back, "cookie_removed_on_path"));
}

TEST_CASE("a browser without cookies is told after two attempts, a foreign state with its cookie at once") {
  World world;
  Verdict first = world.ask({.path = "/x", .route = 1});
  world.jar.clear();
  Verdict second = world.ask(callback(sent(first, "state")));
  REQUIRE(goes_to_logto(second));
  world.jar.clear();
  CHECK(is_stopped(world.ask(callback(sent(second, "state"))), "cookie_not_returned"));

  auto with = settings();
  with->session.secrets = {Secret(std::string(32, 't'))};
  World other(with);
  const Verdict theirs = other.ask({.path = "/x", .route = 1});
  world.jar = other.jar;
  CHECK(is_stopped(world.ask(callback(sent(theirs, "state"))), "different_secrets"));
}

TEST_CASE("a validated session that never arrives passes as it stands, after two silent detours") {
  World world;
  world.sign_in_directly(world.session());
  const std::string old_cookie = world.jar.at(kSession);
  world.clock.advance_ms(world.realm.settings->session.revalidate_ms + 1000);
  for (int detour = 0; detour < 2; ++detour) {
    const Verdict asks = world.ask({.path = "/x", .route = 1});
    REQUIRE(goes_to_logto(asks));
    CHECK(sent(asks, "prompt") == "none");
    CHECK(location(sign_in_from(world, asks)) == "/x");
    world.jar[kSession] = old_cookie;
  }
  CHECK(world.ask({.path = "/x", .route = 1}).kind == Verdict::Kind::pass);
  CHECK_FALSE(world.jar.contains(kMarker));
}

TEST_CASE("the fingerprint is that of the secret that seals now, not of the one at the start") {
  World world;
  (void)sign_in_from(world, world.ask({.path = "/x", .route = 1}));
  const auto fingerprint = [&] { return world.jar.at(kMarker).substr(0, 8); };
  const std::string first = fingerprint();
  const Secret next(std::string(32, 't'));
  world.realm.replace_keyring({next, world.realm.settings->session.secrets.front()});
  world.jar.clear();
  (void)sign_in_from(world, world.ask({.path = "/x", .route = 1}));
  CHECK(fingerprint() != first);
  CHECK(fingerprint() == secret_fingerprint(next));
}
