#include "auth/service/access_token_queue.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <atomic>
#include <functional>
#include <optional>

#include "tests/support/fake_server.h"
#include "tests/support/loop_runner.h"
#include "tests/support/signing.h"

using namespace lp;
using lp::test::FakeRequest;
using lp::test::FakeServer;
using lp::test::http_answer;
using lp::test::SigningKey;
using nlohmann::json;
using Kind = AccessTokenFailure::Kind;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
using Outcome = AccessTokenQueue::Outcome;

// Logto and a further issuer, on a server each.
struct World {
  World()
      : server([this](const FakeRequest& request) { return answer(request); }),
        other([this](const FakeRequest& request) { return answer_other(request); }),
        fetcher(loop, prepare().logto),
        client_fetch(fetcher, log, {Secret(std::string("secret"))}),
        provider(loop, fetcher, settings.logto, clock, log),
        tokens(loop, settings, provider, client_fetch, clock, log) {}
  ~World() { loop.delete_deferred(); }

  std::string answer(const FakeRequest& request) const {
    if (down) return http_answer(503, "");
    if (request.target == "/oidc/jwks") return http_answer(200, json{{"keys", keys}}.dump());
    if (request.target == "/oidc/token/introspection") return http_answer(200, introspected.dump());
    const std::string oidc = server.origin() + "/oidc";
    return http_answer(200, json{{"issuer", oidc},
                                 {"authorization_endpoint", oidc + "/auth"},
                                 {"token_endpoint", oidc + "/token"},
                                 {"introspection_endpoint", oidc + "/token/introspection"},
                                 {"jwks_uri", oidc + "/jwks"},
                                 {"response_types_supported", {"code"}}}
                                .dump());
  }
  std::string answer_other(const FakeRequest& request) const {
    if (other_down) return http_answer(503, "");
    if (request.target == "/keys") return http_answer(200, other_key.jwks());
    return http_answer(200, json{{"issuer", other.origin() + "/"}, {"jwks_uri", other.origin() + "/keys"}}.dump());
  }
  Settings& prepare() {
    settings.logto.endpoint = *parse_origin(server.origin());
    settings.logto.app_id = "app";
    settings.bearer.audiences = {"api"};
    settings.bearer.introspection = true;
    settings.bearer.issuers.resize(1);
    settings.bearer.issuers[0].issuer = other.origin() + "/";
    settings.routes.resize(1);
    settings.routes[0].accept.bearer = true;
    keys = json::array({key.jwk()});
    introspected = {{"active", true},         {"sub", "u1"}, {"client_id", "app"},
                    {"token_type", "Bearer"}, {"iat", kNow}, {"exp", kNow + 3600}};
    return settings;
  }

  std::string token(const std::string& sub, const SigningKey& by, const std::string& kid = "current",
                    std::string issuer = {}) const {
    if (issuer.empty()) issuer = server.origin() + "/oidc";
    const json claims = {{"iss", issuer},    {"aud", "api"}, {"sub", sub},
                         {"client_id", "c"}, {"iat", kNow},  {"exp", kNow + 3600}};
    return by.sign_text(json{{"alg", "ES384"}, {"typ", "at+jwt"}, {"kid", kid}}.dump(), claims.dump(), "SHA384");
  }
  std::string token(const std::string& sub) const { return token(sub, key); }

  Outcome judge(const std::string& text) {
    std::optional<Outcome> outcome;
    tokens.judge("id", Secret(text), [&](const Outcome& landed) {
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
  std::atomic<bool> other_down = false;
  SigningKey key = SigningKey::p384("current");
  SigningKey next_key = SigningKey::p384("next");
  SigningKey other_key = SigningKey::p384("current");
  json keys;
  json introspected;
  FakeServer server;
  FakeServer other;
  Settings settings;
  EventLoop loop;
  FakeClock clock{kNow * 1000};
  Log log{Log::Options{-1, ::open("/dev/null", O_WRONLY | O_CLOEXEC)}};
  PinnedFetcher fetcher;
  ClientFetch client_fetch;
  Provider provider;
  AccessTokenQueue tokens;
};

}  // namespace

TEST_CASE("a good token is accepted, and known the second time") {
  World world;
  const std::string text = world.token("u1");
  const Outcome first = world.judge(text);
  REQUIRE(first);
  CHECK(first->token->sub == "u1");
  const Outcome second = world.judge(text);
  REQUIRE(second);
  CHECK_MESSAGE(second->token == first->token, "the very same value: nothing was verified again");
  CHECK(first->keys_version == second->keys_version);
  world.clock.advance_ms(3600'000);
  CHECK(world.broken_by(text) == "exp");
}

TEST_CASE("everybody who asks about one token meanwhile waits for one verification") {
  World world;
  const std::string text = world.token("u1");
  std::vector<std::shared_ptr<const AccessToken>> seen;
  for (int i = 0; i < 10; ++i) {
    world.tokens.judge("id", Secret(text), [&](const Outcome& outcome) {
      seen.push_back(outcome->token);
      if (seen.size() == 10) world.loop.stop();
    });
  }
  test::run_loop(world.loop);
  for (const auto& one : seen) CHECK(one == seen.front());
}

TEST_CASE("a token whose key has gone is refused, and others go on without a verification") {
  World world;
  const std::string old = world.token("u1");
  const auto before = world.judge(old);
  REQUIRE(before);
  world.keys = json::array({world.next_key.jwk(), world.key.jwk()});
  CHECK_MESSAGE(world.broken_by(world.token("u2", world.next_key, "next")) == "key", "the budget was just spent");
  world.clock.advance_ms(31'000);
  CHECK(world.judge(world.token("u3", world.next_key, "next")));
  CHECK(world.tokens.keys_version() > before->keys_version);
  const auto again = world.judge(old);
  REQUIRE(again);
  CHECK(again->token == before->token);
  CHECK(again->keys_version == world.tokens.keys_version());

  world.keys = json::array({world.next_key.jwk()});
  world.clock.advance_ms(31'000);
  CHECK(world.broken_by(world.token("u4", world.key, "third")) == "key");
  CHECK(world.broken_by(old) == "key");
}

TEST_CASE("the same set fetched again changes nothing") {
  World world;
  REQUIRE(world.judge(world.token("u1")));
  const auto version = world.tokens.keys_version();
  world.clock.advance_ms(31'000);
  CHECK(world.broken_by(world.token("u2", world.key, "junk")) == "key");
  CHECK(world.server.count("/oidc/jwks") == 2);
  CHECK(world.tokens.keys_version() == version);
}

TEST_CASE("junk key ids and forged signatures cost Logto nothing") {
  World world;
  REQUIRE(world.judge(world.token("u1")));
  const SigningKey forger = SigningKey::p384("current");
  for (int i = 0; i < 10; ++i) {
    CHECK(world.broken_by(world.token("u2", forger, "junk" + std::to_string(i))) == "key");
    CHECK(world.broken_by(world.token("u" + std::to_string(i), forger)) == "signature");
  }
  CHECK(world.server.count("/oidc/jwks") == 1);
}

TEST_CASE("while Logto is away known keys go on, and without keys nobody knows") {
  World world;
  world.down = true;
  const Outcome none = world.judge(world.token("u1"));
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == Kind::unavailable);
  world.down = false;
  world.clock.advance_ms(60'000);
  CHECK(world.judge(world.token("u1")));
  world.down = true;
  CHECK(world.judge(world.token("u2")));
}

TEST_CASE("too many tokens of one kind or of one address are refused for now, the others are not") {
  constexpr std::size_t kShare = AccessTokenQueue::kMaxAtOnce / 4;
  enum class Sort { opaque, known_key, unknown_key };
  struct Row {
    const char* name;
    Sort flood, last;
    const char* client;
    bool is_busy;
  };
  const Row rows[] = {
      {"one more opaque token of an address that has its share", Sort::opaque, Sort::opaque, "192.0.2.1", true},
      {"a JWT of that address", Sort::opaque, Sort::known_key, "192.0.2.1", false},
      {"another address's opaque token", Sort::opaque, Sort::opaque, "192.0.2.2", false},
      {"one more JWT of an address that has its share", Sort::known_key, Sort::known_key, "192.0.2.1", true},
      {"another address's JWT", Sort::known_key, Sort::known_key, "192.0.2.2", false},
      {"a JWT of an address whose others wait for keys", Sort::unknown_key, Sort::known_key, "192.0.2.1", false},
      {"one more that waits for keys", Sort::unknown_key, Sort::unknown_key, "192.0.2.1", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    World world;
    REQUIRE(world.judge(world.token("u1")));
    const std::string known = world.token("u2"), unknown = world.token("u2", world.next_key, "next");
    const auto make = [&](Sort sort, std::size_t i) {
      const std::string number = std::to_string(100'000 + i);
      if (sort == Sort::opaque) return "opaque" + number;
      const std::string& token = sort == Sort::known_key ? known : unknown;
      return token.substr(0, token.size() - 8) + "AA" + number;
    };
    for (std::size_t i = 0; i < kShare; ++i) {
      world.tokens.judge({"id", "192.0.2.1"}, Secret(make(row.flood, i)), [](const Outcome&) {});
    }
    bool is_busy = false;
    world.tokens.judge({"id", row.client}, Secret(make(row.last, 99'999)), [&](const Outcome& outcome) {
      is_busy = !outcome && outcome.error().rule == "busy";
      world.loop.stop();
    });
    test::run_loop(world.loop);
    CHECK(is_busy == row.is_busy);
  }
}

TEST_CASE("a further issuer has keys of its own, found by discovery, and its outage is its own") {
  World world;
  const std::string issuer = world.other.origin() + "/";
  world.other_down = true;
  const std::string text = world.token("ci", world.other_key, "current", issuer);
  const Outcome away = world.judge(text);
  REQUIRE_FALSE(away);
  CHECK(away.error().kind == Kind::unavailable);
  CHECK(world.judge(world.token("u1")));
  world.other_down = false;
  world.clock.advance_ms(2'000);
  const Outcome back = world.judge(text);
  REQUIRE(back);
  CHECK(back->token->issuer == 1);
  CHECK_MESSAGE(world.broken_by(world.token("ci", world.key, "current", issuer)) == "signature",
                "Logto's key is not its key");
  CHECK(world.broken_by(world.token("u9", world.other_key)) == "signature");
  CHECK(world.other.count("/keys") == 1);
}

TEST_CASE("an opaque token is shown to Logto once while its answer is believed") {
  World world;
  REQUIRE(world.judge("opaque-token"));
  REQUIRE(world.judge("opaque-token"));
  CHECK(world.server.count("/oidc/token/introspection") == 1);
  world.clock.advance_ms(60'000);
  REQUIRE(world.judge("opaque-token"));
  CHECK(world.server.count("/oidc/token/introspection") == 2);
  world.introspected = {{"active", false}};
  world.clock.advance_ms(60'000);
  CHECK(world.broken_by("opaque-token") == "inactive");
  CHECK(world.broken_by("opaque-token") == "inactive");
  CHECK(world.server.count("/oidc/token/introspection") == 3);
}

TEST_CASE("with introspection_cache 0 every request asks") {
  World world;
  world.settings.bearer.introspection_cache_ms = 0;
  REQUIRE(world.judge("opaque-token"));
  REQUIRE(world.judge("opaque-token"));
  CHECK(world.server.count("/oidc/token/introspection") == 2);
}
