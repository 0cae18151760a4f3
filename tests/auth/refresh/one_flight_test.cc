#include "auth/refresh/flights.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <set>

#include "auth/provider/client_fetch.h"
#include "base/crypto.h"
#include "tests/support/fake_server.h"
#include "tests/support/loop_runner.h"
#include "tests/support/signing.h"

using namespace lp;
using lp::test::FakeRequest;
using lp::test::FakeServer;
using lp::test::http_answer;
using nlohmann::json;
using Kind = RefreshFailure::Kind;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;

// A Logto that rotates: a refresh token "NAME.N" becomes "NAME.N+1", and the ID token is of user NAME.
class RotatingLogto {
 public:
  RotatingLogto() : server_([this](const FakeRequest& request) { return answer(request); }) {}
  ~RotatingLogto() { let_pass(1'000); }
  RotatingLogto(const RotatingLogto&) = delete;
  RotatingLogto& operator=(const RotatingLogto&) = delete;

  [[nodiscard]] std::string origin() const { return server_.origin(); }
  [[nodiscard]] int count(const std::string& name) const { return server_.count("/oidc/" + name); }
  // Instead of the ordinary answer at this path; "" for the ordinary one.
  void replace(const std::string& name, std::string bytes) {
    const std::lock_guard lock(mutex_);
    replaced_["/oidc/" + name] = std::move(bytes);
  }
  void change_claims(std::function<void(json&)> change) {
    const std::lock_guard lock(mutex_);
    change_claims_ = std::move(change);
  }
  // Token calls stand still until they are let pass.
  void hold() {
    const std::lock_guard lock(mutex_);
    permits_ = 0;
  }
  void let_pass(int calls) {
    const std::lock_guard lock(mutex_);
    permits_ += calls;
    passes_.notify_all();
  }
  [[nodiscard]] std::vector<std::string> asked() const {  // refresh tokens, in the order in which they came
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  [[nodiscard]] int most_at_once() const {
    const std::lock_guard lock(mutex_);
    return most_;
  }
  void rotate(bool rotates) {
    const std::lock_guard lock(mutex_);
    rotates_ = rotates;
  }
  void stumble_over(std::string refresh_token) {
    const std::lock_guard lock(mutex_);
    stumbles_over_ = std::move(refresh_token);
  }
  void rotate_signing_key() {
    const std::lock_guard lock(mutex_);
    key_ = test::SigningKey::p384("second");
  }

 private:
  std::string answer(const FakeRequest& request) {
    std::unique_lock lock(mutex_);
    if (request.target == "/oidc/token") return token(request, lock);
    if (const auto it = replaced_.find(request.target); it != replaced_.end() && !it->second.empty()) return it->second;
    if (request.target == "/oidc/jwks") return http_answer(200, published_);
    return http_answer(200, discovery().dump());
  }
  std::string token(const FakeRequest& request, std::unique_lock<std::mutex>& lock) {
    const std::string refresh_token = request.body.substr(request.body.rfind('=') + 1);
    asked_.push_back(refresh_token);
    most_ = std::max(most_, ++now_);
    passes_.wait(lock, [&] { return permits_ > 0; });
    --permits_;
    --now_;
    if (const auto it = replaced_.find("/oidc/token"); it != replaced_.end() && !it->second.empty()) return it->second;
    if (refresh_token == stumbles_over_) return http_answer(500, "");
    const std::size_t dot = refresh_token.find('.');
    const std::string name = refresh_token.substr(0, dot);
    const int number = std::stoi(refresh_token.substr(dot + 1));
    json claims = {{"iss", origin() + "/oidc"}, {"aud", "app"},        {"sub", name},
                   {"exp", kNow + 3600},        {"iat", kNow},         {"email", "a@example.test"},
                   {"username", name},          {"roles", {"editor"}}, {"name", name},
                   {"picture", nullptr}};
    if (change_claims_) change_claims_(claims);
    return http_answer(200, json{{"access_token", "AT"},
                                 {"token_type", "Bearer"},
                                 {"id_token", key_.es384(claims)},
                                 {"refresh_token", name + "." + std::to_string(number + (rotates_ ? 1 : 0))}}
                                .dump());
  }
  [[nodiscard]] json discovery() const {
    const std::string issuer = origin() + "/oidc";
    return {{"issuer", issuer},
            {"authorization_endpoint", issuer + "/auth"},
            {"token_endpoint", issuer + "/token"},
            {"jwks_uri", issuer + "/jwks"},
            {"response_types_supported", {"code"}}};
  }

  mutable std::mutex mutex_;
  std::condition_variable passes_;
  int permits_ = 1'000'000;
  int now_ = 0;
  int most_ = 0;
  bool rotates_ = true;
  std::string stumbles_over_;
  std::vector<std::string> asked_;
  test::SigningKey key_ = test::SigningKey::p384("first");
  std::string published_ = key_.jwks();
  std::map<std::string, std::string> replaced_;
  std::function<void(json&)> change_claims_;
  FakeServer server_;
};

Session session(const std::string& name, int number = 1) {
  Session made;
  made.id = name;
  made.sub = name;
  made.nonce_hash = sha256("NONCE");
  made.refresh_token = Secret(name + "." + std::to_string(number));
  made.signed_in_at_ms = (kNow - 3600) * 1000;
  made.validated_at_s = kNow - 3600;
  made.sealed_at_s = kNow;
  made.tokens_expire_at_s = kNow - 1;
  made.generation = 1;
  return made;
}

Settings settings_for(const RotatingLogto& logto, std::int64_t max_calls) {
  Settings made;
  made.logto.endpoint = *parse_origin(logto.origin());
  made.logto.app_id = "app";
  made.logto.app_secrets = {Secret("secret")};
  made.logto.max_calls = max_calls;
  return made;
}

struct World {
  explicit World(std::int64_t max_calls = 32) : settings(settings_for(logto, max_calls)) {}

  void join(const Session& with) {
    flights.join("0123456789abcdef", with, [this](const RefreshOutcome& outcome) { answers.push_back(outcome); });
  }
  void run_until(const std::function<bool()>& holds) {
    Timer look(loop, [&] {
      if (holds()) return loop.stop();
      look.start_ms(1);
    });
    look.start_ms(0);
    test::run_loop(loop);
  }
  void run_until_answers(std::size_t count) {
    run_until([&] { return answers.size() >= count; });
    REQUIRE(answers.size() == count);
  }
  RefreshOutcome refresh(const Session& with) {
    answers.clear();
    join(with);
    run_until_answers(1);
    return answers[0];
  }

  RotatingLogto logto;
  Settings settings;
  FakeClock clock{kNow * 1000};
  Log log{{-1, -1, 4096, LogLevel::error}};
  EventLoop loop;
  PinnedFetcher fetcher{loop, settings.logto};
  ClientFetch client_fetch{fetcher, log, {Secret("secret")}};
  Provider provider{loop, fetcher, settings.logto, clock, log};
  RefreshFlights flights{loop, AuthWorld{settings, provider, fetcher, client_fetch, clock}, log};
  std::vector<RefreshOutcome> answers;
};

}  // namespace

TEST_CASE("everybody who holds the token shares one flight, and who comes later its result") {
  World world;
  for (int i = 0; i < 10; ++i) world.join(session("alice"));
  CHECK(world.answers.empty());
  CHECK(world.flights.size() == 1);
  world.run_until_answers(10);
  for (const RefreshOutcome& outcome : world.answers) {
    REQUIRE_MESSAGE(outcome, (outcome ? "" : outcome.error().message));
    CHECK((*outcome)->refresh_token.equals("alice.2"));
    CHECK((*outcome)->generation == 2);
    CHECK((*outcome)->tokens_expire_at_s == kNow + 3600);
  }
  CHECK(world.refresh(session("alice")));
  CHECK(world.logto.count("token") == 1);
}

TEST_CASE("whoever holds an old token joins the flight of its successor") {
  World world;
  REQUIRE(world.refresh(session("alice")));
  world.clock.advance_ms(3601 * 1000);
  world.logto.change_claims([](json& claims) {
    claims["iat"] = kNow + 3601;
    claims["exp"] = kNow + 7201;
  });
  world.answers.clear();
  Session newer = session("alice", 2);
  newer.validated_at_s = kNow;
  world.join(session("alice"));
  world.join(newer);
  CHECK(world.flights.size() == 1);
  world.run_until_answers(2);
  for (const RefreshOutcome& outcome : world.answers) CHECK((*outcome)->refresh_token.equals("alice.3"));
  CHECK(world.logto.asked() == std::vector<std::string>{"alice.1", "alice.2"});
}

TEST_CASE("no more than max_calls at one time, the others in the order in which they came") {
  World world(2);
  world.logto.hold();
  const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f"};
  for (const std::string& name : names) world.join(session(name));
  world.run_until([&] { return world.logto.asked().size() == 2; });
  CHECK(world.flights.size() == 6);
  for (std::size_t passed = 1; passed <= names.size(); ++passed) {
    world.logto.let_pass(1);
    world.run_until_answers(passed);
    const std::size_t next = std::min(passed + 2, names.size());
    world.run_until([&] { return world.logto.asked().size() == next; });
    if (passed + 2 <= names.size()) CHECK(world.logto.asked().back() == names[passed + 1] + ".1");
  }
  CHECK(world.logto.most_at_once() == 2);
  CHECK(world.flights.size() == 0);
}

TEST_CASE("a refusal is for good, one user's only, and nobody is asked again") {
  World world;
  world.logto.replace("token", http_answer(400, R"({"error":"invalid_grant"})"));
  CHECK(world.refresh(session("alice")).error().kind == Kind::ended);
  world.logto.replace("token", "");
  world.clock.advance_ms(3600 * 1000);
  CHECK(world.refresh(session("alice")).error().kind == Kind::ended);
  CHECK(world.logto.count("token") == 1);
  world.clock.advance_ms(-3600 * 1000);
  CHECK(world.refresh(session("bob")));
}

TEST_CASE("tokens of another subject end the session") {
  World world;
  world.logto.change_claims([](json& claims) { claims["sub"] = "mallory"; });
  const RefreshOutcome outcome = world.refresh(session("alice"));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == Kind::ended);
  CHECK(outcome.error().rule == "sub");
}

TEST_CASE("a token whose answer makes no sense is not tried again for 30 seconds") {
  for (const std::string& answer : {http_answer(200, "{\"cut"), http_answer(400, "{}")}) {
    CAPTURE(answer);
    World world;
    world.logto.replace("token", answer);
    CHECK(world.refresh(session("alice")).error().kind == Kind::unavailable);
    world.logto.replace("token", "");
    world.clock.advance_ms(29 * 1000);
    CHECK(world.refresh(session("alice")).error().kind == Kind::unavailable);
    CHECK(world.logto.count("token") == 1);
    CHECK(world.refresh(session("bob")));
    world.clock.advance_ms(1000);
    CHECK(world.refresh(session("alice")));
  }
}

TEST_CASE("a trouble of Logto's is tried again for a while before anybody is told, and soon after that") {
  for (const std::string& answer : {http_answer(500, ""), http_answer(429, ""), std::string(FakeServer::kReset)}) {
    CAPTURE(answer);
    World world;
    world.logto.replace("token", answer);
    CHECK(world.refresh(session("alice")).error().kind == Kind::unavailable);
    CHECK(world.logto.count("token") == 1 + Patience::kRepeats);
    world.logto.replace("token", "");
    world.clock.advance_ms(2 * 1000);
    CHECK(world.refresh(session("alice")));
  }
}

TEST_CASE("a trouble that is over in half a second is seen by nobody") {
  World world;
  world.logto.replace("token", http_answer(503, ""));
  for (const char* name : {"a", "b", "c"}) world.join(session(name));
  world.join(session("a"));
  Timer over(world.loop, [&] { world.logto.replace("token", ""); });
  over.start_ms(500);
  world.run_until_answers(4);
  for (const RefreshOutcome& outcome : world.answers) CHECK(outcome);
}

TEST_CASE("a failure that nobody waited for keeps nobody out who waits a moment later") {
  World world;
  Session early = session("alice");
  early.tokens_expire_at_s = kNow + 100;
  early.validated_at_s = kNow - 100;
  world.logto.replace("token", http_answer(503, ""));
  CHECK_FALSE(world.refresh(early));
  CHECK(world.logto.count("token") == 1);
  CHECK_FALSE(world.refresh(early));  // there is time: the back-off holds
  CHECK(world.logto.count("token") == 1);
  world.logto.replace("token", "");
  CHECK(world.refresh(session("alice")));
}

TEST_CASE("what one token makes Logto stumble over keeps nobody else waiting for long") {
  World world;
  world.logto.stumble_over("a.1");
  for (const char* name : {"a", "b", "c"}) world.join(session(name));
  world.run_until_answers(2);
  for (const RefreshOutcome& outcome : world.answers) CHECK(outcome);
  world.run_until_answers(3);
  CHECK(world.answers.back().error().kind == Kind::unavailable);
}

TEST_CASE("when Logto cannot be asked for longer nobody waits, and one failure is one step of the back-off") {
  World world;
  world.logto.replace("token", http_answer(500, ""));
  for (const char* name : {"a", "b", "c"}) world.join(session(name));
  world.run_until_answers(3);
  const int calls = world.logto.count("token");
  world.logto.replace("token", "");
  CHECK(world.refresh(session("d")).error().kind == Kind::unavailable);
  CHECK(world.logto.count("token") == calls);
  world.clock.advance_ms(1000);
  CHECK(world.refresh(session("d")));
}

TEST_CASE("those who wait for their turn fail with the one that shows that Logto is away") {
  World world(1);
  world.logto.hold();
  world.logto.replace("token", http_answer(503, ""));
  for (const char* name : {"a", "b", "c"}) world.join(session(name));
  world.logto.let_pass(100);
  world.run_until_answers(3);
  for (const RefreshOutcome& outcome : world.answers) CHECK(outcome.error().kind == Kind::unavailable);
  CHECK(world.logto.count("token") == 1 + Patience::kRepeats);
  CHECK(world.flights.size() == 0);
}

TEST_CASE("while Logto is away an old cookie gets what is known of its session") {
  World world;
  world.logto.rotate(false);
  REQUIRE(world.refresh(session("alice")));  // its browser gets nothing of it
  world.clock.advance_ms(1800 * 1000);
  world.logto.replace("token", http_answer(500, ""));
  world.settings.session.revalidate_ms =
      600 * 1000;  // so that the newest tokens are to be proven again, though they live
  const RefreshOutcome outcome = world.refresh(session("alice"));
  REQUIRE_FALSE(outcome);
  REQUIRE(outcome.error().known);
  CHECK(outcome.error().known->tokens_expire_at_s == kNow + 3600);
  CHECK(world.refresh(session("alice")).error().known);
}

TEST_CASE("refused credentials are nobody's sign-out, and new ones are tried at once") {
  World world;
  world.logto.replace("token", http_answer(401, R"({"error":"invalid_client"})"));
  CHECK(world.refresh(session("alice")).error().kind == Kind::client_credentials);
  world.logto.replace("token", "");
  CHECK(world.refresh(session("alice")).error().kind == Kind::client_credentials);
  CHECK(world.logto.count("token") == 1);
  world.flights.retry_now();
  CHECK(world.refresh(session("alice")));
}

TEST_CASE("a Logto that cannot be discovered costs no token its 30 seconds") {
  World world;
  world.logto.replace(".well-known/openid-configuration", http_answer(500, ""));
  CHECK(world.refresh(session("alice")).error().rule == "discovery");
  world.logto.replace(".well-known/openid-configuration", "");
  world.clock.advance_ms(1000);
  CHECK(world.refresh(session("alice")));
}

TEST_CASE("a token that came with an answer that could not be judged is kept, and is nobody else's") {
  World world;
  world.logto.replace("jwks", http_answer(500, ""));
  const RefreshOutcome first = world.refresh(session("alice"));
  REQUIRE_FALSE(first);
  CHECK(first.error().kind == Kind::unavailable);
  CHECK(first.error().successor.equals("alice.2"));

  const RefreshOutcome other = world.refresh(session("bob"));  // in the back-off
  REQUIRE_FALSE(other);
  CHECK(other.error().kind == Kind::unavailable);
  CHECK(other.error().successor.empty());

  CHECK(world.refresh(session("alice")).error().successor.equals("alice.2"));
  CHECK(world.refresh(session("alice", 2)).error().successor.empty());
  CHECK(world.logto.count("token") == 1);

  world.logto.replace("jwks", "");
  world.clock.advance_ms(30 * 1000);
  const RefreshOutcome again = world.refresh(session("alice"));
  REQUIRE(again);
  CHECK((*again)->refresh_token.equals("alice.3"));
}

TEST_CASE("a key that Logto has not published yet ends no session") {
  World world;
  REQUIRE(world.refresh(session("bob")));  // the keys are known
  world.logto.rotate_signing_key();
  const RefreshOutcome outcome = world.refresh(session("alice"));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == Kind::unavailable);
  CHECK(outcome.error().successor.equals("alice.2"));
}
