#include "auth/service/resource_probe.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/fake_server.h"
#include "tests/support/loop_runner.h"
#include "tests/support/turn_loop.h"

using namespace lp;
using namespace lp::test;
using nlohmann::json;

namespace {

const std::string kResource = "https://things.example.test";

// A provider that knows kResource or not, or says nothing to probes.
struct World {
  explicit World(std::int64_t longest_wait_ms = ResourceProbe::kLongestWaitMs)
      : server([this](const FakeRequest& request) { return answer(request); }),
        fetcher(loop, settings().logto),
        provider(loop, fetcher, configured.logto, clock, log),
        probe(loop, fetcher, provider, configured, clock, log, longest_wait_ms) {}

  std::string answer(const FakeRequest& request) const {
    const std::string oidc = server.origin() + "/oidc";
    if (request.target.starts_with("/oidc/.well-known/")) {
      return http_answer(200, json{{"issuer", oidc},
                                   {"authorization_endpoint", oidc + "/auth"},
                                   {"token_endpoint", oidc + "/token"},
                                   {"jwks_uri", oidc + "/jwks"},
                                   {"response_types_supported", {"code"}}}
                                  .dump());
    }
    if (!request.target.starts_with("/oidc/auth?")) return http_answer(200, "{}");
    if (is_silent) return {};
    const std::string error = knows ? "login_required" : "invalid_target";
    return http_answer(303, "", "text/plain", "Location: https://app.test/_auth/callback?error=" + error + "\r\n");
  }
  const Settings& settings() {
    configured.logto.endpoint = *parse_origin(server.origin());
    configured.logto.app_id = "app";
    configured.logto.max_calls = 8;  // one is for upkeep
    configured.external_urls = {*parse_origin("https://app.test")};
    configured.routes.resize(1);
    configured.routes[0].token.resource = kResource;
    return configured;
  }

  bool ask() {
    std::optional<bool> known;
    const auto ticket = probe.ask([&](const Result<bool>& is) {
      known = is && *is;
      loop.stop();
    });
    CHECK_FALSE(known);
    run_loop(loop);
    return known.value_or(false);
  }
  int rounds() const { return server.count("/oidc/.well-known/openid-configuration"); }
  std::size_t unknown() const { return probe.unknown() ? probe.unknown()->size() : 0; }

  std::atomic<bool> knows = true;
  std::atomic<bool> is_silent = false;
  FakeServer server;
  Settings configured;
  EventLoop loop;
  FakeClock clock{1'800'000'000'000};
  Log log{Log::Options{-1, ::open("/dev/null", O_WRONLY | O_CLOEXEC)}};
  PinnedFetcher fetcher;
  Provider provider;
  ResourceProbe probe;
};

}  // namespace

TEST_CASE("whoever says that their sign-in met an unknown API resource causes one round in half a minute") {
  World world;
  std::optional<bool> began;
  const auto start = world.probe.begin([&](const Result<bool>& is) { began = is && *is; });
  wait_until(world.loop, [&] { return began.has_value(); });
  CHECK(*began);
  CHECK(world.unknown() == 0);
  world.knows = false;
  CHECK(world.ask());  // the round of the start was before the change
  CHECK(world.unknown() == 1);
  CHECK(world.rounds() == 2);
  world.knows = true;
  for (int i = 0; i < 50; ++i) CHECK(world.ask());
  CHECK(world.rounds() == 2);
  world.clock.advance_ms(ResourceProbe::kAgainMs);
  CHECK(world.ask());
  CHECK(world.unknown() == 0);
  CHECK(world.rounds() == 3);
}

TEST_CASE("nobody waits long for a Logto that says nothing, and the start is told of the end only") {
  World world(30);
  world.is_silent = true;
  bool began = false;
  const auto start = world.probe.begin([&](const Result<bool>&) { began = true; });
  CHECK_FALSE(world.ask());
  CHECK_FALSE(world.ask());
  CHECK_FALSE(began);
}

TEST_CASE("a probe waits behind other upkeep, and no key waits behind a probe") {
  World world(30);
  world.is_silent = true;
  ProviderRequest upkeep;
  upkeep.caller.kind = CallKind::upkeep;
  upkeep.url = world.server.origin() + "/oidc/auth?of=another";
  const auto other = world.fetcher.fetch(upkeep, [](const Result<ProviderReply>&) {});
  CHECK_FALSE(world.ask());
  CHECK(world.rounds() == 0);
  ProviderRequest keys;
  keys.url = world.server.origin() + "/oidc/jwks";
  bool came = false;
  const auto handle = world.fetcher.fetch(keys, [&](const Result<ProviderReply>& reply) { came = reply.ok(); });
  wait_until(world.loop, [&] { return came; });
  CHECK(world.rounds() == 0);
}
