#include "auth/provider/provider.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <optional>

#include "auth/provider/backoff.h"
#include "auth/provider/patience.h"
#include "tests/support/fake_server.h"
#include "tests/support/loop_runner.h"
#include "tests/support/signing.h"

using namespace lp;
using lp::test::FakeRequest;
using lp::test::FakeServer;
using lp::test::http_answer;
using lp::test::SigningKey;
using nlohmann::json;

namespace {

const std::string kDiscovery = "/oidc/.well-known/openid-configuration";

// A provider whose two documents can be changed or taken away.
struct World {
  explicit World(Provider::Freshness freshness = {})
      : server([this](const FakeRequest& request) { return answer(request); }),
        fetcher(loop, settings()),
        provider(loop, fetcher, logto, clock, log, freshness) {}

  std::string answer(const FakeRequest& request) {
    if (down) return http_answer(503, "");
    if (request.target == kDiscovery) return http_answer(200, discovery());
    std::unique_lock lock(mutex);
    if (request.target == "/oidc/jwks" && holds_next) {
      const std::string held = jwks;
      holds_next = false;
      released.wait(lock, [this] { return is_released; });
      return http_answer(200, held);
    }
    return request.target == "/oidc/jwks" ? http_answer(200, jwks) : http_answer(404, "");
  }
  std::string discovery() const {
    const std::string oidc = (wrong_issuer ? "http://evil.test" : server.origin()) + "/oidc";
    return json{{"issuer", oidc},
                {"authorization_endpoint", oidc + "/auth"},
                {"token_endpoint", oidc + "/token"},
                {"jwks_uri", oidc + "/jwks"},
                {"response_types_supported", {"code"}}}
        .dump();
  }
  const LogtoSettings& settings() {
    logto.endpoint = *parse_origin(server.origin());
    return logto;
  }

  bool metadata_comes() {
    std::optional<bool> result;
    const auto wait = provider.need_metadata([&](const auto& known) {
      result = known.ok();
      loop.stop();
    });
    CHECK_FALSE(result);
    test::run_loop(loop);
    return result.value_or(false);
  }
  // "" when no set came, else the kids that were asked for and are there.
  std::shared_ptr<const Jwks> keys(const std::string& kid, const char* stranger = nullptr) {
    std::shared_ptr<const Jwks> result;
    const auto done = [&](const Result<std::shared_ptr<const Jwks>>& known) {
      if (known) result = *known;
      loop.stop();
    };
    const auto wait = stranger ? provider.need_keys_for_stranger(stranger, kid, done) : provider.need_keys(kid, done);
    CHECK_FALSE(result);
    test::run_loop(loop);
    return result;
  }
  std::shared_ptr<const Jwks> strangers_keys(const std::string& kid, const char* client = "192.0.2.1") {
    return keys(kid, client);
  }
  int fetches() const { return server.count("/oidc/jwks"); }
  void publish(const std::string& text) {
    const std::lock_guard lock(mutex);
    jwks = text;
  }

  std::atomic<bool> down = false;
  std::atomic<bool> wrong_issuer = false;
  // The next fetch of the set answers what is published now, but not before release().
  void hold_next() {
    const std::lock_guard lock(mutex);
    holds_next = true;
    is_released = false;
  }
  void release() {
    const std::lock_guard lock(mutex);
    is_released = true;
    released.notify_all();
  }

  std::mutex mutex;
  std::condition_variable released;
  bool holds_next = false;
  bool is_released = true;
  std::string jwks = SigningKey::p384("first").jwks();
  FakeServer server;
  LogtoSettings logto;
  EventLoop loop;
  FakeClock clock{1'800'000'000'000};
  Log log{Log::Options{-1, ::open("/dev/null", O_WRONLY | O_CLOEXEC)}};
  PinnedFetcher fetcher;
  Provider provider;
};

}  // namespace

TEST_CASE("back-off begins at a second and doubles to a minute") {
  Backoff backoff;
  CHECK_FALSE(backoff.is_waiting(0));
  std::int64_t now_ms = 0;
  for (const std::int64_t expected_ms : {1'000, 2'000, 4'000, 8'000, 16'000, 32'000, 60'000, 60'000}) {
    backoff.failed(now_ms);
    CHECK(backoff.is_waiting(now_ms + expected_ms - 1));
    CHECK_FALSE(backoff.is_waiting(now_ms + expected_ms));
    now_ms += expected_ms;
  }
  backoff.succeeded();
  CHECK_FALSE(backoff.is_waiting(now_ms));
}

TEST_CASE("discovery is lazy, happens once, and is shared by all who wait") {
  World world;
  CHECK(world.provider.metadata() == nullptr);
  CHECK(world.server.count(kDiscovery) == 0);
  int answers = 0;
  std::vector<std::unique_ptr<Provider::Wait>> waits;
  for (int i = 0; i < 5; ++i) {
    waits.push_back(world.provider.need_metadata([&](const auto& known) {
      CHECK(known);
      if (++answers == 4) world.loop.stop();
    }));
  }
  waits[2].reset();
  test::run_loop(world.loop);
  test::run_loop_for_ms(world.loop, 20);
  CHECK(answers == 4);
  CHECK(world.server.count(kDiscovery) == 1);
  CHECK(world.provider.metadata()->token_endpoint == world.server.origin() + "/oidc/token");
  CHECK(world.metadata_comes());
  CHECK(world.server.count(kDiscovery) == 1);
}

TEST_CASE("inside the back-off the error comes without a call, afterwards discovery is tried again") {
  World world;
  world.down = true;
  CHECK_FALSE(world.metadata_comes());
  CHECK_FALSE(world.metadata_comes());
  CHECK_FALSE(world.keys(""));
  CHECK(world.server.count(kDiscovery) == 1);
  world.clock.advance_ms(1'000);
  CHECK_FALSE(world.metadata_comes());
  CHECK(world.server.count(kDiscovery) == 2);
  world.clock.advance_ms(2'000);
  world.down = false;
  CHECK(world.metadata_comes());
  CHECK(world.server.count(kDiscovery) == 3);
}

TEST_CASE("metadata of another issuer never becomes known") {
  World world;
  world.wrong_issuer = true;
  CHECK_FALSE(world.metadata_comes());
  CHECK(world.provider.metadata() == nullptr);
}

TEST_CASE("old metadata is renewed in the background and kept while that fails") {
  World world(Provider::Freshness{30, 24 * 3600 * 1000});
  CHECK(world.metadata_comes());
  world.down = true;
  while (world.server.count(kDiscovery) < 3) test::run_loop_for_ms(world.loop, 10);
  CHECK(world.provider.metadata() != nullptr);
  CHECK(world.metadata_comes());
  world.down = false;
  const int before = world.server.count(kDiscovery);
  while (world.server.count(kDiscovery) < before + 2) test::run_loop_for_ms(world.loop, 10);
  CHECK(world.provider.metadata() != nullptr);
}

TEST_CASE("keys are fetched once and used again") {
  World world;
  CHECK(world.keys("first")->has_kid("first"));
  CHECK(world.keys("first")->has_kid("first"));
  CHECK(world.keys(""));
  CHECK(world.server.count("/oidc/jwks") == 1);
}

TEST_CASE("an unknown kid fetches the set once more, and at most once in ten seconds") {
  World world;
  CHECK(world.keys("first"));
  world.publish(SigningKey::p384("second").jwks());
  CHECK(world.keys("second")->has_kid("second"));
  CHECK(world.server.count("/oidc/jwks") == 2);
  for (int i = 0; i < 100; ++i) CHECK_FALSE(world.keys("random" + std::to_string(i))->has_kid("random"));
  CHECK(world.server.count("/oidc/jwks") == 2);
  world.clock.advance_ms(10'000);
  CHECK(world.keys("third"));
  CHECK(world.keys("fourth"));
  CHECK(world.server.count("/oidc/jwks") == 3);
  CHECK_FALSE_MESSAGE(world.keys("second")->has_kid("first"), "a removed key stays removed");
}

TEST_CASE("a thousand who ask for an unknown kid at once share one fetch") {
  World world;
  CHECK(world.keys("first"));
  std::vector<std::unique_ptr<Provider::Wait>> waits;
  int answers = 0;
  for (int i = 0; i < 1000; ++i) {
    waits.push_back(world.provider.need_keys("unknown", [&](const auto& known) {
      CHECK(known);
      if (++answers == 1000) world.loop.stop();
    }));
  }
  test::run_loop(world.loop);
  CHECK(answers == 1000);
  CHECK(world.server.count("/oidc/jwks") == 2);
}

TEST_CASE("a refetch that fails is an error for those who need it and harmless for the others") {
  World world;
  CHECK(world.keys("first"));
  world.down = true;
  CHECK_FALSE(world.keys("second"));
  CHECK(world.keys("first")->has_kid("first"));
}

TEST_CASE("a key set that is away for a moment after a rotation is asked for again before anybody is told") {
  for (const char* stranger : {static_cast<const char*>(nullptr), "192.0.2.1"}) {
    World world;
    CHECK(world.keys("first"));
    world.down = true;
    world.publish(SigningKey::p384("second").jwks());
    Timer back(world.loop, [&] { world.down = false; });
    back.start_ms(500);
    const auto found = world.keys("second", stranger);
    REQUIRE(found);
    CHECK(found->has_kid("second"));
  }
}

TEST_CASE("a fetch that failed does not count as the one for an unknown key, and the answer is an error meanwhile") {
  World world;
  CHECK(world.keys("first"));
  world.down = true;
  world.publish(SigningKey::p384("second").jwks());
  CHECK_FALSE(world.keys("second"));
  const int fetches = world.fetches();
  world.down = false;
  CHECK_FALSE(world.keys("second"));  // in the back-off
  CHECK(world.fetches() == fetches);
  world.clock.advance_ms(1'000);
  REQUIRE(world.keys("second"));
  CHECK(world.keys("second")->has_kid("second"));
}

TEST_CASE("old keys are renewed in the background") {
  World world;
  CHECK(world.keys("first"));
  world.publish(SigningKey::p384("second").jwks());
  world.clock.advance_ms(24 * 3600 * 1000);
  CHECK(world.keys("first")->has_kid("first"));
  while (world.server.count("/oidc/jwks") < 2) test::run_loop_for_ms(world.loop, 10);
  test::run_loop_for_ms(world.loop, 20);
  CHECK(world.keys("")->has_kid("second"));
  CHECK(world.server.count("/oidc/jwks") == 2);
}

TEST_CASE("key ids that strangers invent are one fetch in thirty seconds and none of those for sign-ins") {
  World world;
  CHECK(world.keys("first"));
  for (int i = 0; i < 100; ++i) CHECK(world.strangers_keys("junk" + std::to_string(i)));
  CHECK(world.fetches() == 2);
  world.publish(SigningKey::p384("second").jwks());
  CHECK(world.keys("second")->has_kid("second"));
  CHECK(world.fetches() == 3);
  CHECK(world.strangers_keys("second")->has_kid("second"));
  world.clock.advance_ms(29'999);
  CHECK(world.strangers_keys("junk"));
  CHECK(world.fetches() == 3);
  world.clock.advance_ms(1);
  world.publish(SigningKey::p384("third").jwks());
  CHECK(world.strangers_keys("third")->has_kid("third"));
  CHECK(world.fetches() == 4);
  CHECK_MESSAGE(world.keys("third")->has_kid("third"), "what strangers caused to be learnt serves everybody");
  CHECK(world.fetches() == 4);
}

TEST_CASE("what one stranger spends leaves another's honest key a fetch") {
  World world;
  CHECK(world.keys("first"));
  CHECK_FALSE(world.strangers_keys("junk", "192.0.2.1")->has_kid("junk"));
  world.publish(SigningKey::p384("second").jwks());
  CHECK_FALSE(world.strangers_keys("second", "192.0.2.1")->has_kid("second"));
  CHECK(world.fetches() == 2);
  CHECK(world.strangers_keys("second", "192.0.2.2")->has_kid("second"));
  CHECK(world.fetches() == 3);
}

TEST_CASE("a stranger whose token has no key id causes no fetch but the first") {
  World world;
  CHECK(world.strangers_keys(""));
  for (int i = 0; i < 10; ++i) CHECK(world.strangers_keys(""));
  CHECK(world.fetches() == 1);
}

TEST_CASE("a sign-in does not wait for a stranger's fetch, and an older set never replaces a newer") {
  World world;
  CHECK(world.keys("first"));
  world.hold_next();
  bool answered = false;
  const auto stranger = world.provider.need_keys_for_stranger("192.0.2.1", "junk", [&](const auto& known) {
    answered = true;
    CHECK((known && (*known)->has_kid("second")));
    world.loop.stop();
  });
  while (world.fetches() < 2) test::run_loop_for_ms(world.loop, 5);
  world.publish(SigningKey::p384("second").jwks());
  CHECK(world.keys("second")->has_kid("second"));
  CHECK(world.fetches() == 3);
  CHECK_FALSE(answered);
  world.release();
  test::run_loop(world.loop);
  CHECK(answered);
  CHECK(world.keys("second")->has_kid("second"));
  CHECK(world.fetches() == 3);
}

TEST_CASE("a thousand strangers share one fetch, with a sign-in's that is under way too") {
  World world;
  CHECK(world.keys("first"));
  int answers = 0;
  std::vector<std::unique_ptr<Provider::Wait>> waits;
  const auto count = [&](const auto& known) {
    CHECK(known);
    if (++answers == 1001) world.loop.stop();
  };
  waits.push_back(world.provider.need_keys("unknown", count));
  for (int i = 0; i < 1000; ++i) {
    waits.push_back(
        world.provider.need_keys_for_stranger("192.0.2." + std::to_string(i), "junk" + std::to_string(i), count));
  }
  test::run_loop(world.loop);
  CHECK(answers == 1001);
  CHECK(world.fetches() == 2);
}

TEST_CASE("a stranger's fetch that fails is an error to strangers and nothing to sign-ins") {
  World world;
  CHECK(world.keys("first"));
  world.down = true;
  CHECK_FALSE(world.strangers_keys("second"));
  CHECK_FALSE(world.strangers_keys("second"));
  CHECK(world.strangers_keys("first"));
  CHECK(world.fetches() == 2 + Patience::kRepeats);
  world.down = false;
  world.publish(SigningKey::p384("second").jwks());
  CHECK(world.keys("second")->has_kid("second"));
  CHECK(world.strangers_keys("second")->has_kid("second"));
}

TEST_CASE("while Logto is away strangers ask for it once in thirty seconds") {
  World world;
  world.down = true;
  for (int i = 0; i < 20; ++i) {
    CHECK_FALSE(world.strangers_keys("first"));
    world.clock.advance_ms(1'000);
  }
  CHECK(world.server.count(kDiscovery) == 1);
  world.down = false;
  CHECK(world.keys("first")->has_kid("first"));
}

TEST_CASE("a wait may be dropped inside its own answer or another's") {
  World world;
  std::unique_ptr<Provider::Wait> first;
  std::unique_ptr<Provider::Wait> second;
  bool second_answered = false;
  first = world.provider.need_metadata([&](const auto&) {
    second.reset();
    first.reset();
    world.loop.stop();
  });
  second = world.provider.need_metadata([&](const auto&) { second_answered = true; });
  test::run_loop(world.loop);
  test::run_loop_for_ms(world.loop, 20);
  CHECK_FALSE(second_answered);
}
