#include "auth/gate/refresh_first.h"

#include <nlohmann/json.hpp>
#include "auth/visit/verdict.h"

#include "auth/realm/end_sessions.h"
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;
using Kind = RefreshFailure::Kind;

namespace {

constexpr std::int64_t kMinuteMs = 60'000;

// Tokens for an hour, which is also what session.revalidate is by default.
Session with_tokens(const World& world) {
  Session made = world.session();
  made.refresh_token = Secret("RT1");
  made.tokens_expire_at_s = world.clock.unix_s() + 3600;
  return made;
}

RefreshOutcome success(const World& world) {
  auto refreshed = std::make_shared<Refreshed>();
  refreshed->claims = {{"name", "Alice"}, {"email", "new@example.test"}};
  refreshed->refresh_token = Secret("RT2");
  refreshed->tokens_expire_at_s = world.clock.unix_s() + 3600;
  refreshed->validated_at_s = world.clock.unix_s();
  refreshed->generation = 2;
  return std::shared_ptr<const Refreshed>(std::move(refreshed));
}
RefreshOutcome failure(Kind kind, const std::string& successor = "") {
  return RefreshFailure{kind, "rule", "why", Secret(successor)};
}

// Signed in an hour ago but for a minute, with a cookie that was written lately.
void sign_in_long_ago(World& world) {
  world.sign_in_directly(with_tokens(world));
  world.clock.advance_ms(58 * kMinuteMs);
  (void)world.ask({.route = 1, .headers = kScript});
  world.clock.advance_ms(kMinuteMs + 1000);
}

void run_posted(World& world) {
  world.loop.post([&] { world.loop.stop(); });
  world.loop.run();
}

const Ask kScriptAsk{.route = 1, .headers = kScript};

}  // namespace

TEST_CASE("fresh tokens are left alone") {
  World world;
  world.sign_in_directly(with_tokens(world));
  world.clock.advance_ms(58 * kMinuteMs);
  CHECK(world.ask(kScriptAsk).kind == Verdict::Kind::pass);
  CHECK(world.auth->refreshes == 0);
}

TEST_CASE("a minute before the tokens die they are refreshed on the side") {
  World world;
  sign_in_long_ago(world);
  world.auth->refreshed = success(world);
  for (int i = 0; i < 3; ++i) CHECK(world.ask(kScriptAsk).kind == Verdict::Kind::pass);
  CHECK(world.auth->refreshes == 1);  // one for this cookie, whoever asks
  run_posted(world);

  const Verdict next = world.ask(kScriptAsk);
  CHECK(next.kind == Verdict::Kind::pass);
  CHECK(next.session->session.refresh_token.equals("RT2"));
  REQUIRE(next.app_headers);
  CHECK(next.app_headers->lines.find("new@example.test") != std::string::npos);
  CHECK(next.set_cookies.size() == 1);
  CHECK(world.ask(kScriptAsk).set_cookies.empty());  // the browser has it now
  CHECK(world.auth->refreshes == 1);
}

TEST_CASE("an early refresh that fails costs nobody anything while the tokens live") {
  World world;
  sign_in_long_ago(world);
  world.auth->refreshed = failure(Kind::unavailable);
  for (int i = 0; i < 3; ++i) {
    CHECK(world.ask(kScriptAsk).kind == Verdict::Kind::pass);
    run_posted(world);
  }
  CHECK(world.auth->refreshes == 1);  // not with every request
  world.clock.advance_ms(2'000);
  CHECK(world.ask(kScriptAsk).kind == Verdict::Kind::pass);
  CHECK(world.auth->refreshes == 2);
  run_posted(world);
}

TEST_CASE("an early refresh that is refused ends the session at once") {
  World world;
  world.sign_in_directly(with_tokens(world));
  world.clock.advance_ms(59 * kMinuteMs + 1000);
  world.auth->refreshed = failure(Kind::ended);
  CHECK(world.ask(kScriptAsk).kind == Verdict::Kind::pass);
  run_posted(world);
  CHECK(world.ask(kScriptAsk).answer.status == 401);
  CHECK(goes_to_logto(world.ask({.route = 1})));
}

TEST_CASE("with dead tokens a request waits for the refresh, and its answer brings the cookie") {
  World world;
  world.sign_in_directly(with_tokens(world));
  world.clock.advance_ms(60 * kMinuteMs);
  world.auth->refreshed = success(world);
  const Verdict verdict = world.ask({.method = "POST", .route = 1, .headers = kScript});
  CHECK(verdict.kind == Verdict::Kind::pass);
  CHECK(verdict.session->session.refresh_token.equals("RT2"));
  CHECK(verdict.set_cookies.size() == 1);
  CHECK(world.auth->refreshes == 1);
  CHECK(world.ask(kScriptAsk).kind == Verdict::Kind::pass);
  CHECK(world.auth->refreshes == 1);
}

TEST_CASE("a public route does not wait, a route that wants nobody neither") {
  World world;
  world.sign_in_directly(with_tokens(world));
  world.clock.advance_ms(60 * kMinuteMs);
  CHECK(world.ask({.route = 2}).kind == Verdict::Kind::pass);
  CHECK(world.ask({.route = 4}).answer.status == 403);
  CHECK(world.auth->refreshes == 0);
}

TEST_CASE("who is refused is signed out for good, in whatever cookie the session is") {
  World world;
  world.sign_in_directly(with_tokens(world));
  const auto old_jar = world.jar;
  world.clock.advance_ms(60 * kMinuteMs);
  world.auth->refreshed = failure(Kind::ended);
  CHECK(world.ask(kScriptAsk).answer.status == 401);
  CHECK(goes_to_logto(world.ask({.route = 1})));
  CHECK(world.has_session());  // an answer that deletes it might overtake a sign-in in another tab
  world.jar = old_jar;
  CHECK(world.ask(kScriptAsk).answer.status == 401);
  CHECK(world.auth->refreshes == 1);
}

TEST_CASE("when the tokens are dead and Logto cannot be asked, nobody passes and nobody is signed out") {
  World world;
  world.sign_in_directly(with_tokens(world));
  world.clock.advance_ms(60 * kMinuteMs);
  world.auth->refreshed = failure(Kind::unavailable);
  for (const Ask& ask : {kScriptAsk, Ask{.route = 1}}) {
    const Verdict verdict = world.ask(ask);
    CHECK(verdict.answer.status == 503);
    CHECK_FALSE(header(verdict.answer, "Retry-After").empty());
    CHECK(verdict.set_cookies.empty());
  }
  CHECK(world.has_session());
  world.auth->refreshed = success(world);
  CHECK(world.ask(kScriptAsk).kind == Verdict::Kind::pass);
}

TEST_CASE("a token that came with a failure is not lost, though nobody passes with it") {
  World world;
  world.sign_in_directly(with_tokens(world));
  world.clock.advance_ms(60 * kMinuteMs);
  world.auth->refreshed = failure(Kind::unavailable, "RT2");
  const Verdict verdict = world.ask(kScriptAsk);
  CHECK(verdict.answer.status == 503);
  CHECK(verdict.set_cookies.empty());
  world.auth->refreshed = failure(Kind::client_credentials);
  const Verdict next = world.ask(kScriptAsk);
  CHECK(next.session->session.refresh_token.equals("RT2"));
  CHECK(next.set_cookies.size() == 1);
}

TEST_CASE("that our credentials are refused is no word about the person") {
  World world;
  world.sign_in_directly(with_tokens(world));
  world.clock.advance_ms(60 * kMinuteMs);
  world.auth->refreshed = failure(Kind::client_credentials);
  CHECK(world.ask(kScriptAsk).kind == Verdict::Kind::pass);
}

TEST_CASE("while revalidation is due but the tokens live, an absent Logto stops nobody") {
  auto with = settings();
  with->session.revalidate_ms = 10 * kMinuteMs;
  World world(with);
  world.sign_in_directly(with_tokens(world));
  world.clock.advance_ms(11 * kMinuteMs);
  world.auth->refreshed = failure(Kind::unavailable);
  CHECK(world.ask(kScriptAsk).kind == Verdict::Kind::pass);
  CHECK(world.auth->refreshes == 1);
}

TEST_CASE("a sign-out that comes while a request waits is stronger than what the refresh brings") {
  World world;
  world.sign_in_directly(with_tokens(world));
  world.clock.advance_ms(60 * kMinuteMs);
  const auto end_meanwhile = [&] { end_sessions(world.realm, RevocationKind::sub, "u1"); };
  SUBCASE("new tokens") { world.auth->refreshed = success(world); }
  SUBCASE("nothing, and the session would go on") { world.auth->refreshed = failure(Kind::client_credentials); }
  SUBCASE("a failure") { world.auth->refreshed = failure(Kind::unavailable); }
  world.loop.post(end_meanwhile);  // before the answer, which is posted by the question
  const Verdict verdict = world.ask(kScriptAsk);
  CHECK(verdict.kind == Verdict::Kind::answer);
  CHECK(verdict.answer.status == 401);
  CHECK(verdict.set_cookies.empty());
}

TEST_CASE("a wait that is dropped is never answered, and what comes of it is not lost") {
  World world;
  world.sign_in_directly(with_tokens(world));
  world.clock.advance_ms(60 * kMinuteMs);
  world.auth->refreshed = success(world);
  RequestHead head;
  head.method = "GET";
  const std::string cookies = world.cookie_line();
  head.fields.add("Cookie", cookies);
  RequestFacts facts;
  facts.head = &head;
  facts.external = &world.realm.settings->external_urls.front();
  facts.path = "/";
  facts.route = &world.realm.settings->routes[0];
  std::unique_ptr<PendingVerdict> wait;
  bool answered = false;
  const auto later = [&](Verdict) { answered = true; };
  CHECK(world.gatekeeper.judge(facts, later, wait).kind == Verdict::Kind::wait);
  wait.reset();
  run_posted(world);
  CHECK_FALSE(answered);
  CHECK(world.ask(kScriptAsk).kind == Verdict::Kind::pass);
}

TEST_CASE("a session that was opened under a secret that has left the ring is not remembered") {
  World world;
  world.sign_in_directly(with_tokens(world));
  SUBCASE("refreshed on the side") { world.clock.advance_ms(59 * kMinuteMs + 1000); }
  SUBCASE("refreshed while a request waits") { world.clock.advance_ms(60 * kMinuteMs); }
  world.auth->refreshed = success(world);
  const auto jar = world.jar;
  world.loop.post([&] {
    world.realm.replace_keyring({Secret(std::string(32, 'n'))});
    std::unique_ptr<PendingVerdict> wait;
    RequestHead head;  // by it the worker follows the new ring
    head.method = "GET";
    head.fields.add("Cookie", "__Host-logto_session=x");
    RequestFacts facts;
    facts.head = &head;
    facts.external = &world.realm.settings->external_urls.front();
    facts.path = "/";
    facts.route = &world.realm.settings->routes[0];
    (void)world.gatekeeper.judge(
        facts, [](Verdict) {}, wait);
  });
  (void)world.ask(kScriptAsk);
  run_posted(world);
  world.jar = jar;
  CHECK(world.ask(kScriptAsk).answer.status == 401);
}

TEST_CASE(
    "who waits for a refresh while the secret of their cookie leaves is signed out, and gets nothing under the new "
    "one") {
  for (const char* method : {"GET", "POST"}) {
    World world;
    world.sign_in_directly(with_tokens(world));
    world.clock.advance_ms(60 * kMinuteMs);
    world.auth->refreshed = success(world);
    world.loop.post([&] { world.realm.replace_keyring({Secret(std::string(32, 'f'))}); });  // before the answer
    const Verdict verdict = world.ask({.method = method, .route = 1, .headers = kScript});
    CHECK(verdict.answer.status == 401);
    CHECK(verdict.set_cookies.empty());
    CHECK(world.ask(kScriptAsk).answer.status == 401);
    CHECK(world.ask(kScriptAsk).answer.status == 401);
  }
}

TEST_CASE("an older cookie passes by what is known of its session while that lives, though Logto cannot be asked") {
  World world;
  world.sign_in_directly(with_tokens(world));
  world.clock.advance_ms(60 * kMinuteMs);
  RefreshFailure away{Kind::unavailable, "provider_unavailable", "why", {}};
  auto known = std::make_shared<Refreshed>(**success(world));
  known->tokens_expire_at_s = world.clock.unix_s() + 600;
  known->validated_at_s = world.clock.unix_s() - 5;
  away.known = known;
  world.auth->refreshed = away;
  const Verdict verdict = world.ask(kScriptAsk);
  CHECK(verdict.kind == Verdict::Kind::pass);
  CHECK(verdict.session->session.refresh_token.equals("RT2"));
  known->tokens_expire_at_s = world.clock.unix_s();
  World late;
  late.sign_in_directly(with_tokens(late));
  late.clock.advance_ms(60 * kMinuteMs);
  away.known = known;
  late.auth->refreshed = away;
  CHECK(late.ask(kScriptAsk).answer.status == 503);
}
