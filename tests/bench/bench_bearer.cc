#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "auth/gate/gatekeeper.h"
#include "auth/realm/access_token_questions.h"
#include "auth/visit/verdict.h"
#include "bench.h"
#include "proxy/http1/request.h"
#include "tests/support/signing.h"

namespace {

constexpr const char* kApi = "https://things.example.test/api";

// Stands in for the auth thread: accepts the one token there is, at once.
class Accepting final : public lp::AuthQuestions, public lp::AccessTokenQuestions {
 public:
  explicit Accepting(lp::AccessToken token) : token_(std::make_shared<const lp::AccessToken>(std::move(token))) {}

  std::unique_ptr<Question> judge(lp::EventLoop& asking, lp::OnBehalfOf, lp::Secret, Answer answer) override {
    asking.post([answer = std::move(answer), token = token_] { answer(lp::AcceptedToken{token, 1}); });
    return nullptr;
  }
  std::uint64_t keys_version() const override { return 1; }
  lp::AccessTokenQuestions* access_tokens() override { return this; }

  std::shared_ptr<const lp::ProviderMetadata> metadata() const override { return nullptr; }
  std::unique_ptr<Question> need_metadata(lp::EventLoop&, MetadataAnswer) override { return nullptr; }
  std::unique_ptr<Question> finish_sign_in(lp::EventLoop&, lp::OnBehalfOf, lp::CallbackResponse, lp::PendingSignIn,
                                           SignInAnswer) override {
    return nullptr;
  }
  std::unique_ptr<Question> refresh(lp::EventLoop&, std::string, lp::Session, RefreshAnswer) override {
    return nullptr;
  }
  std::unique_ptr<Question> token_for(lp::EventLoop&, std::string, lp::Session, lp::TokenAudience,
                                      TokenAnswer) override {
    return nullptr;
  }
  std::unique_ptr<Question> judge_logout_token(lp::EventLoop&, lp::OnBehalfOf, std::string, LogoutAnswer) override {
    return nullptr;
  }
  std::unique_ptr<Question> need_sign_in_ways(lp::EventLoop&, WaysAnswer) override { return nullptr; }
  std::unique_ptr<Question> need_reachability(lp::EventLoop&, ReachabilityAnswer) override { return nullptr; }
  std::unique_ptr<Question> probe_resources(lp::EventLoop&, ResourcesAnswer) override { return nullptr; }
  std::unique_ptr<Question> patreon_of(lp::EventLoop&, std::string, std::string, lp::Secret, PatreonAnswer) override {
    return nullptr;
  }
  std::unique_ptr<Question> hear_replicas(lp::EventLoop&, HeardAnswer) override { return nullptr; }
  std::unique_ptr<Question> tell_replicas(lp::EventLoop&, ToldAnswer) override { return nullptr; }
  void revoke_refresh_token(std::string, lp::Secret) override {}

 private:
  std::shared_ptr<const lp::AccessToken> token_;
};

std::string token_by(const lp::test::SigningKey& key, std::int64_t now_s) {
  const nlohmann::json claims = {{"iss", "https://logto.test/oidc"},
                                 {"aud", kApi},
                                 {"sub", "4q5w6e7r8t9y"},
                                 {"client_id", "b672i3u6tossrrd6jmpsx"},
                                 {"scope", "read:things write:things"},
                                 {"jti", "PPaJZEcJ99bFNcgJl1ksey4FQO4vnKraZn9-2Monc_P"},
                                 {"iat", now_s},
                                 {"exp", now_s + 36'000}};
  const nlohmann::json header = {{"alg", "ES384"}, {"typ", "at+jwt"}, {"kid", "current"}};
  return key.sign_text(header.dump(), claims.dump(), "SHA384");
}

}  // namespace

int main() {
  using namespace lp;
  using namespace lp::bench;
  const SystemClock clock;
  Log log{{-1, -1, 4096, LogLevel::error}};
  auto settings = settings_with_routes(1);
  settings->bearer.audiences = {kApi};
  settings->routes.front().accept.bearer = true;
  Realm realm(settings, clock, log);
  const auto key = test::SigningKey::p384("current");
  const Jwks keys = *Jwks::parse(key.jwks());
  const std::int64_t now_s = clock.unix_s();
  const std::string token = token_by(key, now_s);
  std::printf("access token of %zu bytes\n", token.size());

  bool unknown_key = false;
  auto judged = judge_access_token(token, *settings, keys, now_s, unknown_key);
  bool passes = judged.ok();
  report("access token: all rules but the signature", [&] { keep(read_access_token(token, *settings, now_s)); });
  report("access token: the first time, with its ES384 signature",
         [&] { keep(judge_access_token(token, *settings, keys, now_s, unknown_key)); });

  realm.auth = std::make_unique<Accepting>(std::move(*judged));
  EventLoop loop;
  Gatekeeper gatekeeper(realm, loop);
  const std::string bytes = "GET /app1/things HTTP/1.1\r\nHost: app.test\r\nAuthorization: Bearer " + token +
                            "\r\nAccept: application/json\r\n\r\n";
  ParsedRequest request;
  passes = !parse_request_head(bytes, {}, request) && passes;
  RequestFacts facts;
  facts.head = &request.head;
  facts.external = &realm.settings->external_urls.front();
  facts.path = request.path_and_query;
  facts.route = &realm.settings->routes.front();
  facts.request_id = "0123456789abcdef";
  std::unique_ptr<PendingVerdict> wait;
  const auto first = gatekeeper.judge(
      facts, [&](Verdict) { loop.stop(); }, wait);
  if (first.kind == Verdict::Kind::wait) loop.run();
  report("gatekeeper: judge a token that was accepted before", [&] {
    const Verdict verdict = gatekeeper.judge(
        facts, [](Verdict) {}, wait);
    passes = passes && verdict.kind == Verdict::Kind::pass;
  });
  if (!passes) std::puts("the token did not pass: these numbers mean nothing");
  return passes ? 0 : 1;
}
