#include "auth/service/logout_token_queue.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <optional>
#include <vector>

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

constexpr std::int64_t kNow = 1'800'000'000;
constexpr const char* kEvent = "http://schemas.openid.net/event/backchannel-logout";
using Outcome = LogoutTokenQueue::Outcome;

struct World {
  World()
      : server([this](const FakeRequest& request) { return answer(request); }),
        fetcher(loop, settings()),
        provider(loop, fetcher, logto, clock, log),
        tokens(loop, provider, logto, clock, log, [this](const LogoutToken& token, const auto& done) {
          if (!used_elsewhere) ended.push_back(token.sid);
          done(!used_elsewhere);
        }) {}

  std::string answer(const FakeRequest& request) const {
    if (down) return http_answer(503, "");
    if (request.target == "/oidc/jwks") return http_answer(200, key.jwks());
    const std::string oidc = server.origin() + "/oidc";
    return http_answer(200, json{{"issuer", oidc},
                                 {"authorization_endpoint", oidc + "/auth"},
                                 {"token_endpoint", oidc + "/token"},
                                 {"jwks_uri", oidc + "/jwks"},
                                 {"response_types_supported", {"code"}}}
                                .dump());
  }
  const LogtoSettings& settings() {
    logto.endpoint = *parse_origin(server.origin());
    logto.app_id = "app";
    return logto;
  }

  std::string token(const std::string& jti, const std::function<void(json&)>& change = {},
                    const std::string& kid = "current") const {
    json claims = {{"iss", server.origin() + "/oidc"},
                   {"aud", "app"},
                   {"sub", "user1"},
                   {"sid", "session-" + jti},
                   {"iat", kNow},
                   {"exp", kNow + 120},
                   {"jti", jti},
                   {"events", {{kEvent, json::object()}}}};
    if (change) change(claims);
    return key.sign_text(json{{"alg", "ES384"}, {"typ", "logout+jwt"}, {"kid", kid}}.dump(), claims.dump(), "SHA384");
  }
  Outcome judge(const std::string& text, const std::string& client = "192.0.2.1") {
    std::optional<Outcome> outcome;
    tokens.judge({"id", client}, text, [&](const Outcome& landed) {
      outcome = landed;
      loop.stop();
    });
    CHECK_FALSE(outcome);
    test::run_loop(loop);
    REQUIRE(outcome);
    return *outcome;
  }
  std::string broken_by(const std::string& text) {
    const Outcome outcome = judge(text);
    return outcome ? "" : outcome.error().rule;
  }

  std::atomic<bool> down = false;
  SigningKey key = SigningKey::p384("current");
  FakeServer server;
  LogtoSettings logto;
  EventLoop loop;
  FakeClock clock{kNow * 1000};
  Log log{Log::Options{-1, ::open("/dev/null", O_WRONLY | O_CLOEXEC)}};
  PinnedFetcher fetcher;
  Provider provider;
  std::vector<std::string> ended;
  bool used_elsewhere = false;
  LogoutTokenQueue tokens;
};

}  // namespace

TEST_CASE("a logout token ends what it names, once") {
  World world;
  const std::string token = world.token("one");
  CHECK(world.judge(token));
  CHECK(world.broken_by(token) == "jti");
  CHECK(world.judge(world.token("two")));
  CHECK(world.ended == std::vector<std::string>{"session-one", "session-two"});
}

TEST_CASE("a token that breaks a rule ends nothing and uses up no jti") {
  World world;
  CHECK(world.broken_by(world.token("one", [](json& c) { c["aud"] = "other"; })) == "aud");
  CHECK(world.broken_by(world.token("one").substr(1)) == "form");
  CHECK(world.ended.empty());
  CHECK(world.judge(world.token("one")));
}

TEST_CASE("what no key could help is refused without asking Logto for one") {
  World world;
  for (const char* token : {"", "x", "a.b.c", "a.b.c.d.e", "eyJhbGciOiJub25lIn0.e30."}) {
    CAPTURE(std::string(token));
    const Outcome outcome = world.judge(token);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == LogoutTokenFailure::Kind::rejected);
  }
  CHECK(world.server.seen().empty());
}

TEST_CASE("while keys can't be had nobody knows whether a token is good") {
  World world;
  world.down = true;
  const std::string token = world.token("one");
  const Outcome outcome = world.judge(token);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == LogoutTokenFailure::Kind::unavailable);
  world.down = false;
  world.clock.advance_ms(30'000);
  CHECK_MESSAGE(world.judge(token), "it was not used up");
}

TEST_CASE("an unknown key id is refused after one look at Logto") {
  World world;
  CHECK(world.judge(world.token("one")));
  const auto send_junk = [&] {
    for (int i = 0; i < 10; ++i) CHECK(world.broken_by(world.token("x", {}, "junk" + std::to_string(i))) == "key");
  };
  send_junk();
  CHECK_MESSAGE(world.server.count("/oidc/jwks") == 1, "the first set was fetched for a stranger just now");
  world.clock.advance_ms(30'000);
  send_junk();
  CHECK(world.server.count("/oidc/jwks") == 2);
  CHECK(world.judge(world.token("two")));
}

TEST_CASE("a junk token that somebody repeats keeps no honest one under a new key out") {
  World world;
  CHECK(world.judge(world.token("one")));
  world.clock.advance_ms(30'000);
  CHECK_FALSE(world.judge(world.token("x", {}, "junk"), "192.0.2.66"));
  world.key = SigningKey::p384("next");
  CHECK_FALSE(world.judge(world.token("x", {}, "junk"), "192.0.2.66"));
  CHECK(world.judge(world.token("two", {}, "next")));
}

TEST_CASE("of a flood one token is judged in a turn, so that others have theirs") {
  World world;
  CHECK(world.judge(world.token("warm")));
  int judged = 0;
  int turns = 0;
  const std::string token = world.token("warm");
  for (int i = 0; i < 20; ++i) world.tokens.judge("id", token, [&](const Outcome&) { ++judged; });
  std::function<void()> turn = [&] {
    CHECK(judged <= turns);
    ++turns;
    judged < 20 ? world.loop.post(turn) : world.loop.stop();
  };
  world.loop.post(turn);
  test::run_loop(world.loop);
  CHECK(turns >= 20);
}

TEST_CASE("beyond the room there is, a token is answered that it may come again") {
  World world;
  int busy = 0;
  int answered = 0;
  const std::string junk(15 * 1024, 'x');
  const std::size_t more = LogoutTokenQueue::kMaxBytes / 4 / (junk.size() + 512) + 5;
  for (std::size_t i = 0; i < more; ++i) {
    world.tokens.judge("id", junk, [&](const Outcome& outcome) {
      busy += outcome.error().kind == LogoutTokenFailure::Kind::unavailable ? 1 : 0;
      if (static_cast<std::size_t>(++answered) == more) world.loop.stop();
    });
  }
  CHECK(answered == 0);
  test::run_loop(world.loop);
  CHECK(busy == 5);
  CHECK(world.judge(world.token("after")));
}

TEST_CASE("however many forged ones an address has sent, another's token is the next but one") {
  World world;
  int forged = 0;
  const std::string real = world.token("real");
  const std::string junk = world.token("junk").substr(0, real.size() - 8) + "AAAAAAAA";
  for (int i = 0; i < 1'500; ++i) world.tokens.judge({"id", "192.0.2.1"}, junk, [&](const Outcome&) { ++forged; });
  bool is_taken = false;
  int forged_before = -1;
  world.tokens.judge({"id", "192.0.2.2"}, real, [&](const Outcome& outcome) {
    is_taken = outcome.ok();
    forged_before = forged;
    world.loop.stop();
  });
  test::run_loop(world.loop);
  CHECK(is_taken);
  CHECK(forged_before <= 2);
}

TEST_CASE("it may go while tokens are under way") {
  World world;
  const auto key_less = world.token("one", {}, "junk");
  auto tokens = std::make_unique<LogoutTokenQueue>(world.loop, world.provider, world.logto, world.clock, world.log,
                                                   [](const LogoutToken&, const auto& done) { done(true); });
  bool answered = false;
  tokens->judge("id", key_less, [&](const Outcome&) { answered = true; });
  tokens->judge("id", "junk", [&](const Outcome&) { answered = true; });
  tokens.reset();
  test::run_loop_for_ms(world.loop, 50);
  CHECK_FALSE(answered);
}
