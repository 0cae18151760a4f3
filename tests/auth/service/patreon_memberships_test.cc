#include "auth/service/patreon_memberships.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/fake_server.h"
#include "tests/support/turn_loop.h"

using namespace lp;
using namespace lp::test;
using nlohmann::json;

namespace {

using Kind = PatreonFailure::Kind;
const std::string kIdentity = "/api/oauth2/v2/identity";
const std::string kToken = "/api/my-account/identities/patreon/access-token";

const std::string kSomebody = json{{"data", {{"type", "user"}, {"id", "1"}}}}.dump();

// How many are inside at one time.
class Counted {
 public:
  Counted(std::atomic<int>& now, std::atomic<int>& most) : now_(now) {
    const int here = ++now_;
    int seen = most;
    while (seen < here && !most.compare_exchange_weak(seen, here)) {
    }
  }
  ~Counted() { --now_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<int>& now_;
};

// Logto and Patreon at one address. `opaque-NAME` opens Logto, which gives `token-NAME`.
struct World {
  World()
      : server([this](const FakeRequest& request) { return answer(request); }),
        fetcher(loop, settings().logto),
        patreon(loop, fetcher, configured, clock, log) {
    patreon.keep_in(answers);
  }

  std::string answer(const FakeRequest& request) {
    const std::string authorization = request.headers.at("authorization");
    if (request.target == kToken) {
      if (account_status != 200) return http_answer(account_status, json{{"code", "auth.unauthorized"}}.dump());
      return http_answer(
          200, json{{"access_token", "token-" + authorization.substr(std::string("Bearer opaque-").size())}}.dump());
    }
    const Counted counted(now, most);
    if (is_silent) return {};
    if (patreon_status == 200) return http_answer(200, kSomebody, "application/vnd.api+json");
    return http_answer(patreon_status, "{}", "application/vnd.api+json",
                       retry_after > 0 ? "Retry-After: " + std::to_string(retry_after) + "\r\n" : "");
  }
  const Settings& settings() {
    configured.logto.endpoint = *parse_origin(server.origin());
    configured.patreon.api_url = *parse_origin(server.origin());
    Requirement rule;
    rule.kind = Requirement::Kind::patreon;
    rule.patreon.campaign = "100";
    configured.routes.resize(1);
    configured.routes[0].require.children = {rule};
    return configured;
  }

  void ask(const std::string& name) {
    patreon.ask("id", name, Secret("opaque-" + name),
                [this](const PatreonOutcome& outcome) { outcomes.push_back(outcome); });
  }
  PatreonOutcome outcome_of(const std::string& name) {
    outcomes.clear();
    ask(name);
    wait_until(loop, [&] { return !outcomes.empty(); });
    return outcomes.at(0);
  }
  int calls() const {
    int count = 0;
    for (const FakeRequest& request : server.seen()) count += request.target.starts_with(kIdentity) ? 1 : 0;
    return count;
  }

  std::atomic<int> now = 0;
  std::atomic<int> most = 0;  // calls to Patreon at one time
  std::atomic<int> account_status = 200;
  std::atomic<int> patreon_status = 200;
  std::atomic<int> retry_after = 0;
  std::atomic<bool> is_silent = false;
  FakeServer server;
  Settings configured;
  EventLoop loop;
  FakeClock clock{1'800'000'000'000};
  Log log{Log::Options{-1, ::open("/dev/null", O_WRONLY | O_CLOEXEC)}};
  PinnedFetcher fetcher;
  PatreonAnswers answers;
  PatreonMemberships patreon;
  std::vector<PatreonOutcome> outcomes;
};

}  // namespace

TEST_CASE("everybody who asks for a person shares one call, and what is learnt is kept") {
  World world;
  for (int i = 0; i < 20; ++i) world.ask("alice");
  CHECK(world.outcomes.empty());
  wait_until(world.loop, [&] { return world.outcomes.size() == 20; });
  CHECK(world.calls() == 1);
  CHECK(world.server.count(kToken) == 1);
  for (const PatreonOutcome& outcome : world.outcomes) CHECK(outcome.ok());
  REQUIRE(world.answers.find("alice"));
  CHECK(world.answers.find("alice")->checked_at_ms == world.clock.unix_ms());
}

TEST_CASE("a hundred people are asked for, eight at a time") {
  World world;
  for (int i = 0; i < 100; ++i) world.ask("user-" + std::to_string(i));
  wait_until(world.loop, [&] { return world.outcomes.size() == 100; });
  CHECK(world.calls() == 100);
  CHECK(world.most <= static_cast<int>(PatreonMemberships::kAtOnce));
}

TEST_CASE("when Patreon wants to be left alone nobody is asked for until the time is over") {
  World world;
  world.patreon_status = 429;
  world.retry_after = 30;
  const PatreonOutcome outcome = world.outcome_of("alice");
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == Kind::unavailable);
  const int before = world.calls();
  CHECK(world.outcome_of("bob").error().rule == "paused");
  world.patreon_status = 200;
  world.clock.advance_ms(29'000);
  CHECK_FALSE(world.outcome_of("carol"));
  CHECK(world.calls() == before);
  world.clock.advance_ms(2'000);
  CHECK(world.outcome_of("carol").ok());
}

TEST_CASE("those who wait for their turn fail with it") {
  World world;
  world.patreon_status = 503;
  for (int i = 0; i < 50; ++i) world.ask("user-" + std::to_string(i));
  wait_until(world.loop, [&] { return world.outcomes.size() == 50; });
  CHECK(world.calls() <= 8);
  for (const PatreonOutcome& each : world.outcomes) CHECK_FALSE(each.ok());
}

TEST_CASE("a 429 without a time is a minute, and no time is longer than an hour") {
  World world;
  world.patreon_status = 429;
  CHECK_FALSE(world.outcome_of("alice"));
  world.patreon_status = 200;
  CHECK(world.answers.pause().is_on(world.clock.monotonic_ms() + 59'000));
  CHECK_FALSE(world.answers.pause().is_on(world.clock.monotonic_ms() + 61'000));
  World forever;
  forever.patreon_status = 429;
  forever.retry_after = 1'000'000;
  CHECK_FALSE(forever.outcome_of("alice"));
  CHECK_FALSE(forever.answers.pause().is_on(forever.clock.monotonic_ms() + 3'601'000));
}

TEST_CASE("what concerns one person pauses nobody") {
  World world;
  world.patreon_status = 404;
  CHECK(world.outcome_of("alice").error().kind == Kind::unreadable);
  CHECK(world.answers.is_troubled("alice", world.clock.monotonic_ms()));
  world.patreon_status = 401;
  const PatreonOutcome refused = world.outcome_of("bob");
  REQUIRE(refused);
  CHECK((*refused)->kind == PatreonStanding::Kind::no_account);
  world.account_status = 401;
  CHECK(world.outcome_of("carol").error().kind == Kind::account_token_refused);
  world.account_status = 200;
  world.patreon_status = 200;
  CHECK(world.outcome_of("dave").ok());
}

TEST_CASE("whom alone Patreon does not answer pauses the others once, and not again") {
  World world;
  const auto fails_for = [&](const std::string& name, int status) {
    world.patreon_status = status;
    CHECK_FALSE(world.outcome_of(name));
    world.patreon_status = 200;
    return world.answers.pause().is_on(world.clock.monotonic_ms());
  };
  CHECK(fails_for("alice", 503));
  world.clock.advance_ms(90'000);
  CHECK(fails_for("alice", 503));  // nobody has been answered since: it may be away
  world.clock.advance_ms(90'000);
  CHECK(world.outcome_of("bob").ok());
  CHECK_FALSE(fails_for("alice", 503));
  CHECK(world.answers.is_troubled("alice", world.clock.monotonic_ms()));
  CHECK(world.outcome_of("carol").ok());
  CHECK(fails_for("alice", 429));  // that is about everybody
  world.clock.advance_ms(90'000);
  CHECK(world.outcome_of("alice").ok());
  CHECK(fails_for("alice", 503));
}

TEST_CASE("a Patreon that does not answer is given up, and a pause begins") {
  World world;
  world.is_silent = true;
  const PatreonOutcome outcome = world.outcome_of("alice");
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().rule == "timeout");
  CHECK(world.answers.pause().is_on(world.clock.monotonic_ms()));
}

TEST_CASE("realms share one pause") {
  PatreonAnswers one;
  PatreonAnswers other;
  const auto pause = std::make_shared<PatreonPause>();
  one.share_pause(pause);
  other.share_pause(pause);
  one.pause().extend(5);
  one.pause().extend(3);
  CHECK(other.pause().is_on(4));
  CHECK_FALSE(other.pause().is_on(5));
}
