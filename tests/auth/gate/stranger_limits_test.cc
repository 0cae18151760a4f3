#include "auth/realm/stranger_limits.h"

#include <doctest/doctest.h>

#include <functional>

#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

namespace {

constexpr const char* kCookie = "__Host-logto_session";
constexpr const char* kSomebody = "192.0.2.1";
constexpr int kAtOnce = 10;  // at one a second

std::shared_ptr<Settings> one_a_second() {
  auto made = settings();
  made->limits.unauthenticated_per_address = 1;
  return made;
}

// How often it is answered until it is refused.
int until_refused(const std::function<Verdict()>& ask, int most = 50) {
  for (int i = 0; i < most; ++i) {
    const Verdict verdict = ask();
    if (verdict.kind != Verdict::Kind::answer || verdict.answer.status != 429) continue;
    CHECK(verdict.decision == kTooMany);
    CHECK(header(verdict.answer, "Retry-After") == "1");
    return i;
  }
  return most;
}

Ask with_cookie(World& world, int route, const std::string& value) {
  Ask request{.route = route, .client = kSomebody};
  world.jar.clear();
  world.jar[kCookie] = value;
  return request;
}

}  // namespace

TEST_CASE("sign-ins of an address: so many at once, then so many a second") {
  World world(one_a_second());
  world.auth->known = logto_metadata();
  const auto start = [&] { return world.ask({.route = 1, .client = kSomebody}); };
  CHECK(until_refused(start) == kAtOnce);
  world.clock.advance_ms(3000);
  CHECK(until_refused(start) == 3);
  CHECK(until_refused([&] { return world.ask({.route = 1, .client = "192.0.2.2"}); }) == kAtOnce);
}

TEST_CASE("our own endpoints count together with them, but not those for programs") {
  World world(one_a_second());
  world.auth->known = logto_metadata();
  CHECK(until_refused([&] { return world.ask({.path = "/_auth/me", .client = kSomebody}); }) == kAtOnce);
  for (const char* path : {"/_auth/callback", "/_auth/sign-in", "/_auth/", "/_auth/signed-out", "/_auth/nothing"}) {
    CAPTURE(path);
    CHECK(until_refused([&] { return world.ask({.path = path, .client = kSomebody}); }) == 0);
  }
  for (const char* path : {"/_auth/jwks.json", "/_auth/backchannel-logout", "/_auth/webhook"}) {
    CAPTURE(path);
    CHECK(until_refused([&] { return world.ask({.method = "POST", .path = path, .client = kSomebody}); }) == 50);
  }
}

TEST_CASE("false cookies count, each once, and those who are known are served on") {
  World world(one_a_second());
  world.sign_in_directly(world.session());
  const std::string good = world.jar.at(kCookie);
  CHECK(until_refused([&] { return world.ask(with_cookie(world, 3, "always-the-same")); }) == 50);
  int number = 0;
  CHECK(until_refused([&] { return world.ask(with_cookie(world, 3, "false" + std::to_string(++number))); }) ==
        kAtOnce - 1);
  CHECK(world.ask({.route = 3, .client = kSomebody}).kind == Verdict::Kind::answer);
  world.jar.clear();
  CHECK(world.ask({.route = 3, .client = kSomebody}).kind == Verdict::Kind::pass);
  CHECK(world.ask(with_cookie(world, 1, good)).answer.status == 429);  // this worker has not seen it before
  world.clock.advance_ms(1000);
  CHECK(world.ask(with_cookie(world, 1, good)).kind == Verdict::Kind::pass);
  CHECK(until_refused([&] { return world.ask(with_cookie(world, 3, "false" + std::to_string(++number))); }) == 1);
  CHECK(world.ask(with_cookie(world, 1, good)).kind == Verdict::Kind::pass);
}

TEST_CASE("public content is free, unless it is asked that it be not") {
  World free(one_a_second());
  CHECK(until_refused([&] { return free.ask({.route = 2, .client = kSomebody}); }) == 50);
  auto limited = settings();
  limited->limits.public_per_address = 1;
  World world(limited);
  CHECK(until_refused([&] { return world.ask({.route = 2, .client = kSomebody}); }) == kAtOnce);
  CHECK(until_refused([&] { return world.ask({.route = 2}); }) == 50);
}

TEST_CASE("a client that nobody can tell is not counted, and none is where there is no limit") {
  World world(one_a_second());
  world.auth->known = logto_metadata();
  CHECK(until_refused([&] { return world.ask({.route = 1}); }) == 50);
  auto none = settings();
  none->limits.unauthenticated_per_address = kUnlimited;
  World unlimited(none);
  unlimited.auth->known = logto_metadata();
  CHECK(until_refused([&] { return unlimited.ask({.route = 1, .client = kSomebody}); }) == 50);
}
