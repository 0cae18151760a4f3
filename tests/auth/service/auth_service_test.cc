#include "auth/service/auth_service.h"

#include <doctest/doctest.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>

#include "base/encoding.h"
#include "tests/support/fake_server.h"
#include "tests/support/loop_runner.h"
#include "tests/support/requirements.h"
#include "tests/support/signing.h"

using namespace lp;
using lp::test::FakeRequest;
using lp::test::FakeServer;
using lp::test::http_answer;
using lp::test::SigningKey;
using nlohmann::json;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
using Outcome = Result<FinishedSignIn, SignInFailure>;

// A Logto as a confidential app meets it; a test changes the one thing that it is about.
class FakeLogto {
 public:
  FakeLogto() : server_([this](const FakeRequest& request) { return answer(request); }) {}

  [[nodiscard]] std::string origin() const { return server_.origin(); }
  [[nodiscard]] std::string issuer() const { return origin() + "/oidc"; }
  [[nodiscard]] int count(const std::string& name) const { return server_.count("/oidc/" + name); }
  [[nodiscard]] std::vector<FakeRequest> seen() const { return server_.seen(); }

  // Instead of the ordinary answer at this path.
  void replace(const std::string& name, std::string answer_bytes) {
    const std::lock_guard lock(mutex_);
    replaced_["/oidc/" + name] = std::move(answer_bytes);
  }
  void change_claims(std::function<void(json&)> change) {
    const std::lock_guard lock(mutex_);
    change_claims_ = std::move(change);
  }
  void rotate_key(const std::string& kid) {
    const std::lock_guard lock(mutex_);
    key_ = SigningKey::p384(kid);
  }

 private:
  std::string answer(const FakeRequest& request) {
    const std::lock_guard lock(mutex_);
    const auto replaced = replaced_.find(request.target);
    if (replaced != replaced_.end()) return replaced->second;
    if (request.target == "/oidc/.well-known/openid-configuration") return http_answer(200, discovery().dump());
    if (request.target == "/oidc/jwks") return http_answer(200, key_.jwks());
    if (request.target == "/oidc/token") return http_answer(200, tokens().dump());
    if (request.target == "/oidc/me")
      return http_answer(200, json{{"sub", "user1"}, {"identities", {{"linkedin", {}}}}}.dump());
    return http_answer(request.target == "/oidc/token/revocation" ? 200 : 404, "");
  }
  [[nodiscard]] json discovery() const {
    return {{"issuer", issuer()},
            {"authorization_endpoint", issuer() + "/auth"},
            {"token_endpoint", issuer() + "/token"},
            {"jwks_uri", issuer() + "/jwks"},
            {"userinfo_endpoint", issuer() + "/me"},
            {"revocation_endpoint", issuer() + "/token/revocation"},
            {"response_types_supported", {"code"}},
            {"authorization_response_iss_parameter_supported", true}};
  }
  [[nodiscard]] json tokens() const {
    json claims = {{"iss", issuer()},           {"aud", "app"},        {"sub", "user1"},
                   {"exp", kNow + 3600},        {"iat", kNow},         {"nonce", "NONCE"},
                   {"email", "a@example.test"}, {"username", "alice"}, {"roles", {"editor"}},
                   {"name", "Alice"},           {"picture", nullptr}};
    if (change_claims_) change_claims_(claims);
    return {
        {"access_token", "AT"}, {"refresh_token", "RT"}, {"token_type", "Bearer"}, {"id_token", key_.es384(claims)}};
  }

  mutable std::mutex mutex_;
  SigningKey key_ = SigningKey::p384("first");
  std::map<std::string, std::string> replaced_;
  std::function<void(json&)> change_claims_;
  FakeServer server_;
};

// The log's lines, read back through a pipe.
class LogCapture {
 public:
  LogCapture() {
    LP_CHECK(::pipe(fds_) == 0, "no pipe");
    log_ = std::make_unique<Log>(Log::Options{-1, fds_[1]});
  }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  ~LogCapture() {
    text();
    ::close(fds_[0]);
  }
  Log& log() { return *log_; }
  // Ends the log; whoever uses it must be gone.
  std::string text() {
    if (log_ == nullptr) return text_;
    log_.reset();
    ::close(fds_[1]);
    char bytes[4096];
    ssize_t count = 0;
    while ((count = ::read(fds_[0], bytes, sizeof bytes)) > 0) text_.append(bytes, static_cast<std::size_t>(count));
    return text_;
  }

 private:
  int fds_[2]{};
  std::unique_ptr<Log> log_;
  std::string text_;
};

PendingSignIn pending(const std::string& state = "STATE") {
  PendingSignIn made;
  made.state = Secret(state);
  made.nonce = Secret("NONCE");
  made.code_verifier = Secret("VERIFIER");
  made.redirect_uri = "http://localhost:8080/_auth/callback";
  return made;
}

struct World {
  explicit World(const std::function<void(Settings&)>& change = {}) {
    auto made = std::make_shared<Settings>();
    made->logto.endpoint = *parse_origin(logto.origin());
    made->logto.app_id = "app";
    made->logto.app_secrets = {Secret("app-secret-value")};
    if (change) change(*made);
    settings = std::move(made);
    service = std::make_unique<AuthService>(settings, clock, capture.log());
  }

  CallbackResponse response() const {
    CallbackResponse made;
    made.state = "STATE";
    made.code = "CODE-VALUE";
    made.iss = logto.issuer();
    return made;
  }
  Outcome sign_in(const CallbackResponse& with, const PendingSignIn& from = pending()) {
    std::optional<Outcome> outcome;
    const auto question = service->finish_sign_in(loop, "0123456789abcdef", with, from, [&](Outcome landed) {
      outcome = std::move(landed);
      loop.stop();
    });
    CHECK_FALSE(outcome);
    test::run_loop(loop);
    REQUIRE(outcome);
    return *outcome;
  }
  Outcome sign_in() { return sign_in(response()); }
  std::string rule() {
    const Outcome outcome = sign_in();
    return outcome ? "" : outcome.error().rule;
  }
  std::string log_text() {
    service.reset();
    return capture.text();
  }

  FakeLogto logto;
  FakeClock clock{kNow * 1000};
  LogCapture capture;
  std::shared_ptr<const Settings> settings;
  EventLoop loop;
  std::unique_ptr<AuthService> service;
};

void require_identities(Settings& settings) {
  RouteSettings route;
  route.require.children = {social_requirement({"linkedin"})};
  settings.routes.push_back(route);
}

}  // namespace

TEST_CASE("a good callback becomes a session with one exchange and no userinfo") {
  World world;
  const Outcome outcome = world.sign_in();
  REQUIRE_MESSAGE(outcome, outcome.error().message);
  CHECK(outcome->sub == "user1");
  CHECK((*outcome->claims)["email"] == "a@example.test");
  CHECK((*outcome->claims)["roles"] == json{"editor"});
  CHECK(outcome->refresh_token.reveal() == "RT");
  CHECK(outcome->signed_in_at_ms == kNow * 1000);
  CHECK(outcome->validated_at_s == kNow);
  CHECK(outcome->generation == 1);
  CHECK(world.logto.count("token") == 1);
  CHECK(world.logto.count("me") == 0);
  CHECK(world.service->metadata() != nullptr);
  for (const FakeRequest& request : world.logto.seen()) {
    if (request.target == "/oidc/token") CHECK(request.body.find("code_verifier=VERIFIER") != std::string::npos);
  }
}

TEST_CASE("userinfo is asked when a route needs what the ID token lacks") {
  World world(require_identities);
  const Outcome outcome = world.sign_in();
  REQUIRE(outcome);
  CHECK(world.logto.count("me") == 1);
  CHECK(outcome->claims->contains("identities"));
}

TEST_CASE("userinfo of another subject fails the sign-in") {
  World world(require_identities);
  world.logto.replace("me", http_answer(200, R"({"sub":"mallory","identities":{"linkedin":{}}})"));
  const Outcome outcome = world.sign_in();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().rule == "userinfo");
  CHECK(outcome.error().kind == SignInFailure::Kind::rejected);
}

TEST_CASE("with refresh off no refresh token is kept") {
  World world([](Settings& settings) { settings.logto.refresh = RefreshMode::off; });
  const Outcome outcome = world.sign_in();
  REQUIRE(outcome);
  CHECK(outcome->refresh_token.empty());
}

TEST_CASE("a response of another issuer is refused before any token request") {
  World world;
  CallbackResponse response = world.response();
  response.iss = "http://evil.test/oidc";
  CHECK(world.sign_in(response, pending("a")).error().rule == "response_iss");
  response.iss.clear();
  CHECK(world.sign_in(response, pending("b")).error().rule == "response_iss");
  response.code.clear();
  response.error = "access_denied";
  CHECK(world.sign_in(response, pending("c")).error().rule == "response_iss");
  CHECK(world.logto.count("token") == 0);
}

TEST_CASE("an error response names the error and exchanges nothing") {
  World world;
  CallbackResponse response = world.response();
  response.code.clear();
  response.error = "access_denied";
  const Outcome denied = world.sign_in(response, pending("a"));
  CHECK(denied.error().rule == "access_denied");
  CHECK(denied.error().kind == SignInFailure::Kind::rejected);
  response.error = "temporarily_unavailable";
  CHECK(world.sign_in(response, pending("b")).error().kind == SignInFailure::Kind::provider_unavailable);
  CHECK(world.logto.count("token") == 0);
}

TEST_CASE("a broken rule of the ID token fails the sign-in by its name") {
  const struct {
    std::string rule;
    std::function<void(json&)> change;
  } cases[] = {{"iss", [](json& c) { c["iss"] = "http://evil.test/oidc"; }},
               {"aud", [](json& c) { c["aud"] = "other"; }},
               {"exp", [](json& c) { c["exp"] = kNow - 100; }},
               {"nonce", [](json& c) { c["nonce"] = "OLD"; }},
               {"at_hash", [](json& c) { c["at_hash"] = "AAAA"; }}};
  for (const auto& c : cases) {
    CAPTURE(c.rule);
    World world;
    world.logto.change_claims(c.change);
    CHECK(world.rule() == c.rule);
    const std::string log = world.log_text();
    CHECK(log.find("\"rule\":\"" + c.rule + "\"") != std::string::npos);
  }
}

TEST_CASE("whose fault a failed exchange is decides the page and the log line") {
  using Kind = SignInFailure::Kind;
  const struct {
    std::string name;
    std::string answer;
    Kind kind;
    std::string rule;
  } cases[] = {
      {"spent code", http_answer(400, R"({"error":"invalid_grant"})"), Kind::rejected, "invalid_grant"},
      {"wrong secret", http_answer(401, R"({"error":"invalid_client"})"), Kind::provider_error, "client_credentials"},
      {"an API resource that it does not know", http_answer(400, R"({"error":"invalid_target"})"), Kind::provider_error,
       "invalid_target"},
      {"a scope that it does not grant", http_answer(400, R"({"error":"invalid_scope","scope":"x"})"),
       Kind::provider_error, "invalid_scope"},
      {"gateway error", http_answer(502, ""), Kind::provider_unavailable, "provider_unavailable"},
      {"nonsense", http_answer(200, "<html>", "text/html"), Kind::provider_error, "token_reply"},
      {"reset", FakeServer::kReset, Kind::provider_unavailable, "provider_unavailable"}};
  for (const auto& c : cases) {
    CAPTURE(c.name);
    World world;
    world.logto.replace("token", c.answer);
    const Outcome outcome = world.sign_in();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == c.kind);
    CHECK(outcome.error().rule == c.rule);
    const std::string log = world.log_text();
    CHECK((log.find("app_secret") != std::string::npos) == (c.rule == "client_credentials"));
  }
}

TEST_CASE("keys that cannot be had make the provider unavailable, not the person rejected") {
  World world;
  world.logto.replace("jwks", http_answer(500, ""));
  CHECK(world.rule() == "provider_unavailable");
}

TEST_CASE("a rotated key is fetched and accepted") {
  World world;
  REQUIRE(world.sign_in(world.response(), pending("before")));
  world.logto.rotate_key("second");
  REQUIRE(world.sign_in(world.response(), pending("after")));
  CHECK(world.logto.count("jwks") == 2);
}

TEST_CASE("a Logto that is down is said to be down") {
  World world([](Settings& settings) { settings.logto.endpoint = *parse_origin("http://127.0.0.1:1"); });
  const Outcome outcome = world.sign_in();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == SignInFailure::Kind::provider_unavailable);
  CHECK(world.service->metadata() == nullptr);
}

TEST_CASE("repeated callbacks share one exchange, at once and after it has landed") {
  World world;
  int answers = 0;
  std::vector<std::unique_ptr<AuthQuestions::Question>> questions;
  for (int i = 0; i < 20; ++i) {
    questions.push_back(
        world.service->finish_sign_in(world.loop, "id", world.response(), pending(), [&](const Outcome& o) {
          CHECK(o);
          if (++answers == 20) world.loop.stop();
        }));
  }
  test::run_loop(world.loop);
  REQUIRE(world.sign_in());
  CHECK(answers == 20);
  CHECK(world.logto.count("token") == 1);
}

TEST_CASE("a failed flight is shared too") {
  World world;
  world.logto.replace("token", http_answer(400, R"({"error":"invalid_grant"})"));
  CHECK(world.rule() == "invalid_grant");
  CHECK(world.rule() == "invalid_grant");
  CHECK(world.logto.count("token") == 1);
  CHECK_FALSE(world.sign_in(world.response(), pending("other")));
  CHECK(world.logto.count("token") == 2);
}

TEST_CASE("a dropped question is never answered, and its flight goes on") {
  World world;
  bool answered = false;
  auto question = world.service->finish_sign_in(world.loop, "id", world.response(), pending(),
                                                [&](const Outcome&) { answered = true; });
  question.reset();
  REQUIRE(world.sign_in());
  CHECK_FALSE(answered);
  CHECK(world.logto.count("token") == 1);
}

TEST_CASE("a question may be dropped inside its own answer") {
  World world;
  std::unique_ptr<AuthQuestions::Question> question;
  question = world.service->need_metadata(world.loop, [&](const auto& known) {
    CHECK(known);
    question.reset();
    world.loop.stop();
  });
  test::run_loop(world.loop);
  CHECK_FALSE(question);
}

TEST_CASE("the service may outlive a worker's loop, and end with questions open") {
  World world;
  world.logto.replace("token", "");  // never answers
  auto worker = std::make_unique<EventLoop>();
  auto question = world.service->finish_sign_in(*worker, "id", world.response(), pending(), [](const Outcome&) {});
  test::run_loop_for_ms(*worker, 50);
  question.reset();
  worker.reset();
  auto open = world.service->finish_sign_in(world.loop, "id", world.response(), pending("x"), [](const Outcome&) {});
  world.service.reset();
}

TEST_CASE("revocation reaches Logto with our credentials, and its failure one log line") {
  World world;
  world.service->revoke_refresh_token("id-1", Secret("RT-SECRET"));
  for (int i = 0; i < 500 && world.logto.count("token/revocation") == 0; ++i) test::run_loop_for_ms(world.loop, 10);
  REQUIRE(world.logto.count("token/revocation") == 1);
  FakeRequest request = world.logto.seen().back();
  CHECK(request.body == "token=RT-SECRET&token_type_hint=refresh_token");
  CHECK(request.headers["authorization"].rfind("Basic ", 0) == 0);
  world.logto.replace("token/revocation", http_answer(500, ""));
  world.service->revoke_refresh_token("id-2", Secret("RT-SECRET"));
  while (world.logto.count("token/revocation") < 2) test::run_loop_for_ms(world.loop, 10);
  test::run_loop_for_ms(world.loop, 100);
  const std::string log = world.log_text();
  CHECK(log.find("id-2") != std::string::npos);
  CHECK(log.find("id-1") == std::string::npos);
  CHECK(log.find("RT-SECRET") == std::string::npos);
}

TEST_CASE("a replaced client secret is the one that the next exchange is sent with") {
  World world;
  auto fresh = std::make_shared<Settings>(*world.settings);
  fresh->logto.app_secrets = {Secret("fresh-value"), Secret("app-secret-value")};
  REQUIRE(world.sign_in(world.response(), pending("before")));
  world.service->replace_secrets(fresh);
  REQUIRE(world.sign_in(world.response(), pending("after")));
  std::vector<std::string> sent;
  for (FakeRequest& request : world.logto.seen()) {
    if (request.target == "/oidc/token") sent.push_back(request.headers["authorization"]);
  }
  CHECK(sent ==
        std::vector{"Basic " + base64_encode("app:app-secret-value"), "Basic " + base64_encode("app:fresh-value")});
}

TEST_CASE("a failed exchange has tried every client secret once") {
  World world([](Settings& settings) { settings.logto.app_secrets.emplace_back("second-value"); });
  world.logto.replace("token", http_answer(401, R"({"error":"invalid_client"})"));
  CHECK(world.rule() == "client_credentials");
  CHECK(world.logto.count("token") == 2);
}

TEST_CASE("a failed sign-in is one log line with its id, without any secret") {
  World world;
  CallbackResponse response = world.response();
  response.code.clear();
  response.error = "access_denied";
  response.error_description = "bad\r\n\x1b[2J thing";
  CHECK_FALSE(world.sign_in(response));
  world.logto.change_claims([](json& c) { c["nonce"] = "x"; });
  CHECK_FALSE(world.sign_in(world.response(), pending("SECOND-STATE")));
  const std::string log = world.log_text();
  CHECK(std::count(log.begin(), log.end(), '\n') == 2);
  CHECK(log.find("0123456789abcdef") != std::string::npos);
  CHECK(log.find('\x1b') == std::string::npos);
  for (const char* secret : {"CODE-VALUE", "STATE", "NONCE", "VERIFIER", "app-secret-value", "eyJ", "RT\""}) {
    CAPTURE(std::string(secret));
    CHECK(log.find(secret) == std::string::npos);
  }
}

TEST_CASE("a silent attempt that needs the person is no warning") {
  World world;
  CallbackResponse response = world.response();
  response.code.clear();
  response.error = "login_required";
  PendingSignIn silent = pending();
  silent.silent = true;
  CHECK(world.sign_in(response, silent).error().rule == "login_required");
  const std::string log = world.log_text();
  CHECK(log.find("\"level\":\"info\"") != std::string::npos);
}
