#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/gate/gatekeeper.h"
#include "auth/realm/session_cookie.h"
#include "auth/rules/own_paths.h"
#include "auth/visit/verdict.h"
#include "base/encoding.h"
#include "tests/support/requirements.h"

// A browser, a gatekeeper and a Logto of strings: the fake world of the tests that judge whole requests.
namespace lp::test {

inline constexpr std::int64_t kNowS = 1'795'317'047;
inline constexpr std::uint64_t kFirstSessionNumber = 10'000'000;

// Logto as a worker sees it through the auth thread: answers come on the loop, never inside the question.
class FakeAuth final : public AuthQuestions {
 public:
  class Asked final : public Question {
   public:
    explicit Asked(std::shared_ptr<bool> alive) : alive_(std::move(alive)) {}
    ~Asked() override { *alive_ = false; }

   private:
    std::shared_ptr<bool> alive_;
  };

  std::shared_ptr<const ProviderMetadata> known;      // what metadata() says
  std::shared_ptr<const ProviderMetadata> reachable;  // what discovery would yield; null: Logto is away
  std::optional<Result<FinishedSignIn, SignInFailure>> exchange;
  int exchanges = 0;
  std::string exchanged_code;
  std::vector<std::string> revoked;

  std::shared_ptr<const ProviderMetadata> metadata() const override { return known; }

  std::unique_ptr<Question> need_metadata(EventLoop& asking, MetadataAnswer answer) override {
    auto alive = std::make_shared<bool>(true);
    asking.post([this, alive, answer = std::move(answer)] {
      if (!*alive) return;
      if (reachable) {
        answer(reachable);
      } else {
        answer(fail("away"));
      }
    });
    return std::make_unique<Asked>(alive);
  }

  PendingSignIn exchanged_pending;
  std::unique_ptr<Question> finish_sign_in(EventLoop& asking, std::string, CallbackResponse response,
                                           PendingSignIn pending, SignInAnswer answer) override {
    ++exchanges;
    exchanged_pending = std::move(pending);
    exchanged_code = response.code;
    auto alive = std::make_shared<bool>(true);
    asking.post([this, alive, answer = std::move(answer)] {
      if (*alive) answer(exchange.value());
    });
    return std::make_unique<Asked>(alive);
  }

  std::optional<RefreshOutcome> refreshed;
  int refreshes = 0;
  std::unique_ptr<Question> refresh(EventLoop& asking, std::string, Session, RefreshAnswer answer) override {
    ++refreshes;
    auto alive = std::make_shared<bool>(true);
    asking.post([this, alive, answer = std::move(answer)] {
      if (*alive) answer(refreshed.value());
    });
    return std::make_unique<Asked>(alive);
  }

  std::optional<GrantOutcome> granted;
  std::vector<TokenAudience> asked_audiences;
  std::unique_ptr<Question> token_for(EventLoop& asking, std::string, Session, TokenAudience audience,
                                      TokenAnswer answer) override {
    asked_audiences.push_back(std::move(audience));
    auto alive = std::make_shared<bool>(true);
    asking.post([this, alive, answer = std::move(answer)] {
      if (*alive) answer(granted.value());
    });
    return std::make_unique<Asked>(alive);
  }

  std::optional<Result<LogoutToken, LogoutTokenFailure>> logout;
  std::vector<std::string> logout_tokens;
  std::unique_ptr<Question> judge_logout_token(EventLoop& asking, std::string, std::string token,
                                               LogoutAnswer answer) override {
    logout_tokens.push_back(std::move(token));
    auto alive = std::make_shared<bool>(true);
    asking.post([this, alive, answer = std::move(answer)] {
      if (*alive) answer(logout.value());
    });
    return std::make_unique<Asked>(alive);
  }

  void revoke_refresh_token(std::string, Secret refresh_token) override {
    revoked.emplace_back(refresh_token.reveal());
  }

  AccessTokenQuestions* tokens = nullptr;
  AccessTokenQuestions* access_tokens() override { return tokens; }
};

inline std::shared_ptr<const ProviderMetadata> logto_metadata() {
  auto metadata = std::make_shared<ProviderMetadata>();
  metadata->issuer = "https://logto.test/oidc";
  metadata->authorization_endpoint = "https://logto.test/oidc/auth";
  metadata->end_session_endpoint = "https://logto.test/oidc/session/end";
  metadata->token_endpoint = "https://logto.test/oidc/token";
  metadata->iss_parameter_supported = true;
  return metadata;
}

inline RouteSettings route(int index, Access access = Access::signed_in) {
  RouteSettings made;
  made.index = index;
  made.access = access;
  return made;
}

inline std::shared_ptr<Settings> settings() {
  auto made = std::make_shared<Settings>();
  made->external_urls = {{"https", "app.test", 443}};
  made->logto.endpoint = {"https", "logto.test", 443};
  made->logto.app_id = "app-id";
  made->session.secrets = {Secret(std::string(32, 's'))};
  made->routes = {route(1),
                  route(2, Access::public_),
                  route(3, Access::optional),
                  route(4, Access::deny),
                  route(5),
                  route(6),
                  route(7),
                  route(8)};
  made->routes[4].require.children = {roles_requirement({"admin"})};
  made->routes[5].unauthenticated = Unauthenticated::status_401;
  made->routes[6].unauthenticated = Unauthenticated::redirect;
  made->routes[7].sign_in.keep_fragment = true;
  made->routes[7].sign_in.with = "social:patreon";
  return made;
}

struct Ask {
  std::string method = "GET";
  std::string path = "/";
  std::string query = {};
  int route = 0;  // index; 0: none
  std::vector<std::pair<std::string, std::string>> headers = {
      {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}, {"Sec-Fetch-Site", "none"}};
  bool wants_upgrade = false;
  std::string body = {};  // shown only where the gatekeeper asks for it
};

inline const std::vector<std::pair<std::string, std::string>> kScript = {
    {"Sec-Fetch-Mode", "cors"}, {"Sec-Fetch-Dest", "empty"}, {"Sec-Fetch-Site", "same-origin"}};

// A browser in front of a gatekeeper: keeps cookies, follows nothing.
struct World {
  FakeClock clock{kNowS * 1000};
  Log log{{-1, -1, 4096, LogLevel::error}};
  Realm realm;
  EventLoop loop;
  FakeAuth* auth;
  Gatekeeper gatekeeper{realm, loop};
  std::map<std::string, std::string> jar;
  mutable std::uint64_t sessions_made = 0;

  explicit World(std::shared_ptr<const Settings> with = settings())
      : realm(std::move(with), clock, log), auth(new FakeAuth) {
    realm.auth.reset(auth);
    auth->known = auth->reachable = logto_metadata();
  }

  std::string cookie_line() const {
    std::string line;
    for (const auto& [name, value] : jar) line += (line.empty() ? "" : "; ") + name + "=" + value;
    return line;
  }

  Verdict ask(const Ask& request) {
    const std::string cookies = cookie_line();
    RequestHead head;
    head.method = request.method;
    for (const auto& [name, value] : request.headers) head.fields.add(name, value);
    if (!cookies.empty()) head.fields.add("Cookie", cookies);
    RequestFacts facts;
    facts.head = &head;
    facts.external = &realm.settings->external_urls.front();
    facts.path = request.path;
    facts.query = request.query;
    facts.has_query = !request.query.empty();
    if (request.route > 0) facts.route = &realm.settings->routes[static_cast<std::size_t>(request.route - 1)];
    facts.wants_upgrade = request.wants_upgrade;
    facts.request_id = "0123456789abcdef";
    Verdict verdict = judge_and_wait(facts);
    if (verdict.kind == Verdict::Kind::need_body) {
      facts.body_state = request.body.size() > verdict.body_limit_bytes ? BodyFacts::too_large : BodyFacts::whole;
      if (facts.body_state == BodyFacts::whole) facts.body = request.body;
      verdict = judge_and_wait(facts);
    }
    keep(verdict.set_cookies);
    return verdict;
  }

  Verdict judge_and_wait(const RequestFacts& facts) {
    std::unique_ptr<PendingVerdict> wait;
    std::optional<Verdict> late;
    const bool is_own = is_own_path(facts.path, *realm.settings);
    Responder& responder = is_own ? gatekeeper.own_endpoints() : gatekeeper;
    Verdict verdict = responder.judge(
        facts,
        [&](Verdict v) {
          late = std::move(v);
          wait.reset();  // the callback's owner may go at once
          loop.stop();
        },
        wait);
    if (verdict.kind != Verdict::Kind::wait) return verdict;
    REQUIRE(wait != nullptr);
    REQUIRE_FALSE(late);
    loop.run();
    return std::move(*late);
  }

  void keep(const std::vector<std::string>& set_cookies) {
    for (const std::string& line : set_cookies) {
      const std::string name = line.substr(0, line.find('='));
      const std::string value = line.substr(name.size() + 1, line.find(';') - name.size() - 1);
      if (line.find("Max-Age=0;") != std::string::npos) {
        jar.erase(name);
      } else {
        jar[name] = value;
      }
    }
  }

  Session session(const std::string& sub = "u1") const {
    Session made;
    made.sub = sub;
    made.claims = {{"name", "Alice"}, {"email", "alice@example.test"}, {"roles", {"editor"}}};
    made.id = "session " + std::to_string(kFirstSessionNumber + sessions_made++);  // kSessionIdBytes of them
    made.signed_in_at_ms = clock.unix_ms();
    made.tokens_expire_at_s = clock.unix_s() + 3600;
    made.validated_at_s = clock.unix_s();
    made.generation = 1;
    return made;
  }
  void sign_in_directly(const Session& made) { keep(SessionCookie(realm, true).write(made, 0, clock.unix_s())); }
  bool has_session() const { return jar.contains("__Host-logto_session"); }
  std::size_t pending_count() const {
    return static_cast<std::size_t>(std::count_if(
        jar.begin(), jar.end(), [](const auto& cookie) { return cookie.first.starts_with("__Host-logto_pending_"); }));
  }
};

inline std::string header(const Answer& answer, std::string_view name) {
  for (const auto& [n, v] : answer.headers) {
    if (iequals(n, name)) return v;
  }
  return {};
}

inline std::string location(const Verdict& verdict) { return header(verdict.answer, "Location"); }

// A parameter of the URL that a verdict redirects to.
inline std::string sent(const Verdict& verdict, std::string_view name) {
  const std::string url = location(verdict);
  const Result<FormPairs> pairs = parse_form(url.substr(url.find('?') + 1));
  REQUIRE(pairs);
  for (const auto& [n, v] : *pairs) {
    if (n == name) return v;
  }
  return {};
}

inline bool goes_to_logto(const Verdict& verdict) {
  return verdict.answer.status == 303 && location(verdict).starts_with("https://logto.test/oidc/auth?");
}

inline Ask callback(const std::string& state, const std::string& rest = "code=C") {
  return {.path = "/_auth/callback",
          .query = rest + "&state=" + percent_encode(state) + "&iss=https%3A%2F%2Flogto.test%2Foidc"};
}

}  // namespace lp::test
