#include "auth/gate/bearer_tokens.h"

#include <doctest/doctest.h>

#include "auth/realm/end_sessions.h"
#include "tests/support/gatekeeper_world.h"
#include "tests/support/signing.h"

using namespace lp;
using namespace lp::test;
using nlohmann::json;

namespace {

constexpr const char* kApi = "https://things.example.test/api";

// The auth thread's side, with the real rules and one key.
class FakeAccessTokens final : public AccessTokenQuestions {
 public:
  FakeAccessTokens(const Settings& settings, const Clock& clock) : settings_(settings), clock_(clock) {}

  std::unique_ptr<AuthQuestions::Question> judge(EventLoop& asking, OnBehalfOf, Secret token, Answer answer) override {
    ++asked;
    auto alive = std::make_shared<bool>(true);
    asking.post([outcome = outcome_of(token), alive, answer = std::move(answer)] {
      if (*alive) answer(outcome);
    });
    return std::make_unique<FakeAuth::Asked>(alive);
  }
  std::uint64_t keys_version() const override { return version; }

  SigningKey key = SigningKey::p384("current");
  std::uint64_t version = 1;
  int asked = 0;
  bool away = false;
  std::optional<AccessToken> opaque;  // what any opaque token turns out to be

 private:
  Outcome outcome_of(const Secret& token) const {
    if (away) return AccessTokenFailure{AccessTokenFailure::Kind::unavailable, "keys", "away"};
    if (opaque) return AcceptedToken{std::make_shared<const AccessToken>(*opaque), version};
    bool unknown_key = false;
    auto judged = judge_access_token(token.reveal(), settings_, *Jwks::parse(key.jwks()), clock_.unix_s(), unknown_key);
    if (!judged) {
      return AccessTokenFailure{AccessTokenFailure::Kind::rejected, judged.error().rule, judged.error().message};
    }
    return AcceptedToken{std::make_shared<const AccessToken>(std::move(*judged)), version};
  }
  const Settings& settings_;
  const Clock& clock_;
};

Requirement scopes(std::vector<std::string> any_of) {
  return list_requirement(Requirement::Kind::scopes, std::move(any_of));
}

// 1: session or token; 2: token alone; 3: optional; 4: another audience; 5: with a scope; 6: sessions only; 7: public;
// 8: with a role.
std::shared_ptr<Settings> bearer_settings() {
  auto made = settings();
  made->bearer.audiences = {kApi};
  made->routes.clear();
  for (int index = 1; index <= 8; ++index) {
    made->routes.push_back(route(index));
    made->routes.back().accept.bearer = index != 6;
  }
  made->routes[1].accept.session = false;
  made->routes[2].access = Access::optional;
  made->routes[3].audiences = {"https://other.example.test"};
  made->routes[4].require.children = {scopes({"write:things"})};
  made->routes[6].access = Access::public_;
  made->routes[7].require.children = {roles_requirement({"admin"})};
  return made;
}

struct BearerWorld : World {
  explicit BearerWorld(std::shared_ptr<const Settings> with = bearer_settings())
      : World(std::move(with)), tokens(*realm.settings, clock) {
    auth->tokens = &tokens;
  }

  std::string token(const json& change = json::object()) {
    json claims = {{"iss", realm.settings->logto.issuer()},
                   {"aud", kApi},
                   {"sub", "u1"},
                   {"client_id", "c1"},
                   {"scope", "read:things"},
                   {"iat", clock.unix_s()},
                   {"exp", clock.unix_s() + 600},
                   {"email", "u1@example.test"}};
    claims.update(change);
    return tokens.key.sign_text(json{{"alg", "ES384"}, {"typ", "at+jwt"}, {"kid", "current"}}.dump(), claims.dump(),
                                "SHA384");
  }
  Verdict with(int to, const std::string& authorization) {
    Ask request{.route = to};
    request.headers.emplace_back("Authorization", authorization);
    return ask(request);
  }

  FakeAccessTokens tokens;
};

std::string challenge(const Verdict& verdict) { return header(verdict.answer, "WWW-Authenticate"); }

const std::string kBare = "Bearer realm=\"logto-proxy\"";

void check_refused(const Verdict& verdict, int status, const std::string& error) {
  CHECK(verdict.kind == Verdict::Kind::answer);
  CHECK(verdict.answer.status == status);
  CHECK(challenge(verdict).find("error=\"" + error + "\"") != std::string::npos);
  CHECK(location(verdict).empty());
}

}  // namespace

TEST_CASE("a good token passes with its identity, and the second time nobody is asked") {
  BearerWorld world;
  const std::string value = "bearer " + world.token();
  for (int i = 0; i < 3; ++i) {
    const Verdict verdict = world.with(1, value);
    REQUIRE(verdict.kind == Verdict::Kind::pass);
    CHECK(verdict.session->log_sub == "u1");
    REQUIRE(verdict.app_headers);
    CHECK(verdict.app_headers->lines.find("X-Forwarded-User: u1\r\n") != std::string::npos);
    CHECK(verdict.app_headers->lines.find("X-Forwarded-Email: u1@example.test\r\n") != std::string::npos);
    CHECK(verdict.set_cookies.empty());
  }
  CHECK(world.tokens.asked == 1);
}

TEST_CASE("a cached token is judged anew for each route, and ends when it should") {
  BearerWorld world;
  const std::string value = "Bearer " + world.token();
  REQUIRE(world.with(1, value).kind == Verdict::Kind::pass);
  check_refused(world.with(4, value), 401, "invalid_token");
  check_refused(world.with(5, value), 403, "insufficient_scope");
  world.tokens.version = 2;
  REQUIRE(world.with(1, value).kind == Verdict::Kind::pass);
  CHECK_MESSAGE(world.tokens.asked == 2, "a key has changed somewhere");
  world.clock.advance_ms(600'000);
  check_refused(world.with(1, value), 401, "invalid_token");
  CHECK(world.tokens.asked == 2);
}

TEST_CASE("a missing scope is told with the scope, a missing role without one") {
  BearerWorld world;
  const Verdict refused = world.with(5, "Bearer " + world.token());
  check_refused(refused, 403, "insufficient_scope");
  CHECK(challenge(refused).find("scope=\"write:things\"") != std::string::npos);
  CHECK(refused.decision == "insufficient_scope");
  CHECK(world.with(5, "Bearer " + world.token({{"scope", "a write:things"}})).kind == Verdict::Kind::pass);
  const Verdict no_role = world.with(8, "Bearer " + world.token());
  CHECK(no_role.answer.status == 403);
  CHECK(challenge(no_role).empty());
  CHECK(world.with(8, "Bearer " + world.token({{"roles", {"admin"}}})).kind == Verdict::Kind::pass);
}

TEST_CASE("a bad token is never a redirect and never counts as none") {
  BearerWorld world;
  for (const int to : {1, 2, 3}) {
    check_refused(world.with(to, "Bearer " + world.token({{"iss", "https://evil.test"}})), 401, "invalid_token");
    check_refused(world.with(to, "Bearer " + world.token({{"exp", kNowS}})), 401, "invalid_token");
    check_refused(world.with(to, "Bearer opaque"), 401, "invalid_token");
    check_refused(world.with(to, "Bearer " + std::string(9'000, 'a')), 401, "invalid_token");
    check_refused(world.with(to, "Bearer " + world.token() + "x"), 401, "invalid_token");
    check_refused(world.with(to, "Bearer"), 400, "invalid_request");
    check_refused(world.with(to, "Bearer a b"), 400, "invalid_request");
  }
}

TEST_CASE("a token goes before a session, for good and for bad") {
  BearerWorld world;
  world.sign_in_directly(world.session("of-the-cookie"));
  CHECK(world.with(1, "Bearer " + world.token()).session->log_sub == "u1");
  check_refused(world.with(1, "Bearer " + world.token({{"aud", "x"}})), 401, "invalid_token");
  CHECK(world.ask({.route = 1}).session->log_sub == "of-the-cookie");
}

TEST_CASE("where only tokens count a session does not") {
  BearerWorld world;
  world.sign_in_directly(world.session());
  const Verdict verdict = world.ask({.route = 2});
  CHECK(verdict.answer.status == 401);
  CHECK(challenge(verdict) == kBare);
  CHECK(world.with(2, "Basic YTpi").answer.status == 401);
}

TEST_CASE("without token and session it is as ever, with a challenge on 401") {
  BearerWorld world;
  CHECK(goes_to_logto(world.ask({.route = 1})));
  const Verdict script = world.ask({.route = 1, .headers = kScript});
  CHECK(script.answer.status == 401);
  CHECK(challenge(script) == kBare);
  CHECK(challenge(world.ask({.route = 6, .headers = kScript})).starts_with("Cookie "));
  CHECK(world.ask({.route = 3}).kind == Verdict::Kind::pass);
}

TEST_CASE("other routes and other schemes: Authorization decides nothing") {
  BearerWorld world;
  world.sign_in_directly(world.session());
  for (const std::string& value : {std::string("Bearer junk"), "Bearer " + world.token(), std::string("Bearer"),
                                   std::string("Basic YTpi"), std::string("Token x")}) {
    CAPTURE(value);
    CHECK(world.with(6, value).session->log_sub == "u1");
    CHECK(world.with(7, value).session == nullptr);
  }
  CHECK(world.with(1, "Basic YTpi").kind == Verdict::Kind::pass);
  CHECK(world.tokens.asked == 0);
}

TEST_CASE("tokens from before their person was signed out are refused, also what already runs") {
  BearerWorld world;
  const std::string value = "Bearer " + world.token();
  const Verdict before = world.with(1, value);
  REQUIRE(before.kind == Verdict::Kind::pass);
  CHECK(world.gatekeeper.stand_of(*before.session, world.clock.unix_s()) == SessionStand::goes_on);
  world.clock.advance_ms(2'000);
  end_sessions(world.realm, RevocationKind::sub, "u1");
  check_refused(world.with(1, value), 401, "invalid_token");
  CHECK(world.gatekeeper.stand_of(*before.session, world.clock.unix_s()) == SessionStand::ended);
  world.clock.advance_ms(1'000);
  CHECK(world.with(1, "Bearer " + world.token()).kind == Verdict::Kind::pass);
}

TEST_CASE("what runs with a token ends when the token does") {
  BearerWorld world;
  const Verdict verdict = world.with(1, "Bearer " + world.token());
  CHECK(world.gatekeeper.stand_of(*verdict.session, kNowS + 599) == SessionStand::goes_on);
  CHECK(world.gatekeeper.stand_of(*verdict.session, kNowS + 600) == SessionStand::ended);
}

TEST_CASE("while nobody can judge a token the answer is 503") {
  BearerWorld world;
  world.tokens.away = true;
  const Verdict verdict = world.with(1, "Bearer " + world.token());
  CHECK(verdict.answer.status == 503);
  CHECK_FALSE(header(verdict.answer, "Retry-After").empty());
  world.auth->tokens = nullptr;
  CHECK(world.with(1, "Bearer " + world.token()).answer.status == 503);
}

TEST_CASE("what Logto says of an opaque token is asked again in time") {
  BearerWorld world;
  AccessToken opaque;
  opaque.sub = "u1";
  opaque.audiences = {kApi};
  opaque.issued_at_s = kNowS;
  opaque.expires_at_s = kNowS + 600;
  opaque.trusted_until_s = kNowS + 60;
  world.tokens.opaque = opaque;
  const std::string value = "Bearer " + world.token();
  REQUIRE(world.with(1, value).kind == Verdict::Kind::pass);
  REQUIRE(world.with(1, value).kind == Verdict::Kind::pass);
  CHECK(world.tokens.asked == 1);
  world.clock.advance_ms(60'000);
  REQUIRE_MESSAGE(world.with(1, value).kind == Verdict::Kind::pass, "good, but believed for this request alone");
  REQUIRE(world.with(1, value).kind == Verdict::Kind::pass);
  CHECK(world.tokens.asked == 3);
}

TEST_CASE("tokens that turn out false count for their address, and then unknown ones are not looked at") {
  auto limited = bearer_settings();
  limited->limits.unauthenticated_per_address = 1;
  BearerWorld world(limited);
  const auto status_of = [&](const std::string& token) {
    Ask request{.route = 1, .client = "192.0.2.1"};
    request.headers.emplace_back("Authorization", "Bearer " + token);
    const Verdict verdict = world.ask(request);
    return verdict.kind == Verdict::Kind::pass ? 200 : verdict.answer.status;
  };
  const std::string known = world.token();
  CHECK(status_of(known) == 200);
  for (int i = 0; i < 30; ++i) CHECK(status_of(world.token({{"jti", i}})) == 200);
  const auto forged = [&](int number) {
    std::string token = world.token({{"jti", "f" + std::to_string(number)}});
    return token.replace(token.rfind('.') + 3, 4, "AAAA");
  };
  for (int i = 0; i < 10; ++i) CHECK(status_of(forged(i)) == 401);
  const int asked = world.tokens.asked;
  CHECK(status_of(forged(11)) == 429);
  CHECK(world.tokens.asked == asked);
  CHECK(status_of(known) == 200);
}
