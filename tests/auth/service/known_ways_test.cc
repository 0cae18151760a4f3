#include "auth/service/known_ways.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <atomic>
#include <string>

#include "tests/support/fake_server.h"
#include "tests/support/loop_runner.h"

using namespace lp;
using namespace lp::test;

namespace {

struct World {
  World()
      : server([this](const FakeRequest&) { return answer(); }),
        fetcher(loop, settings()),
        ways(loop, fetcher, logto, clock, log, 30) {}

  std::string answer() const {
    if (is_silent) return {};
    return fails ? http_answer(500, "{}") : http_answer(200, R"({"socialConnectors":[{"target":"linkedin"}]})");
  }
  const LogtoSettings& settings() {
    logto.endpoint = *parse_origin(server.origin());
    return logto;
  }
  // How many ways there are; -1: it is not known.
  int ask() {
    int found = -1;
    const auto ticket = ways.ask([&](const KnownWays::Ways& known) {
      found = known ? static_cast<int>(known->social.size()) : -1;
      loop.stop();
    });
    run_loop(loop);
    return found;
  }
  int calls() const { return server.count("/api/.well-known/sign-in-exp"); }

  std::atomic<bool> fails = false;
  std::atomic<bool> is_silent = false;
  FakeServer server;
  LogtoSettings logto;
  EventLoop loop;
  FakeClock clock{1'800'000'000'000};
  Log log{Log::Options{-1, ::open("/dev/null", O_WRONLY | O_CLOEXEC)}};
  PinnedFetcher fetcher;
  KnownWays ways;
};

}  // namespace

TEST_CASE("Logto is asked once a minute, however many ask") {
  World world;
  CHECK_FALSE(world.ways.fresh());
  for (int i = 0; i < 20; ++i) CHECK(world.ask() == 1);
  CHECK(world.ways.fresh());
  CHECK(world.calls() == 1);
  world.clock.advance_ms(KnownWays::kFreshMs);
  CHECK_FALSE(world.ways.fresh());
  CHECK(world.ask() == 1);
  CHECK(world.calls() == 2);
}

TEST_CASE("a failure is asked about once in ten seconds, and what was known goes on for an hour") {
  World world;
  world.fails = true;
  for (int i = 0; i < 20; ++i) CHECK(world.ask() == -1);
  CHECK(world.calls() == 1);
  world.fails = false;
  world.clock.advance_ms(KnownWays::kAgainMs);
  CHECK(world.ask() == 1);
  world.fails = true;
  world.clock.advance_ms(KnownWays::kFreshMs);
  for (int i = 0; i < 20; ++i) CHECK(world.ask() == 1);
  CHECK(world.calls() == 3);
  world.clock.advance_ms(KnownWays::kStaleMs);
  CHECK(world.ask() == -1);
}

TEST_CASE("nobody waits long for a Logto that says nothing") {
  World world;
  world.is_silent = true;
  CHECK(world.ask() == -1);
  CHECK(world.ask() == -1);
  CHECK(world.calls() == 1);
}
