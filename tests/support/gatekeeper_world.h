#pragma once
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/gate/gatekeeper.h"
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

  std::function<void()> at_end;  // what it does last
  ~FakeAuth() override {
    if (at_end) at_end();
  }

  std::shared_ptr<const ProviderMetadata> known;      // what metadata() says
  std::shared_ptr<const ProviderMetadata> reachable;  // what discovery would yield; null: Logto is away
  std::optional<Result<Session, SignInFailure>> exchange;
  int exchanges = 0;
  std::string exchanged_code;
  std::vector<std::string> revoked;

  std::shared_ptr<const ProviderMetadata> metadata() const override { return known; }

  std::unique_ptr<Question> need_metadata(EventLoop& asking, MetadataAnswer answer) override;

  std::optional<bool> reachable_now;  // none: it was heard a moment ago
  int reachability_questions = 0;
  bool is_reachable() const override { return !reachable_now; }
  std::unique_ptr<Question> need_reachability(EventLoop& asking, ReachabilityAnswer answer) override;

  Ways ways;             // what sign_in_ways() says
  Ways ways_when_asked;  // what asking yields
  int ways_questions = 0;
  Ways sign_in_ways() const override { return ways; }
  std::unique_ptr<Question> need_sign_in_ways(EventLoop& asking, WaysAnswer answer) override;

  Resources unknown;
  bool can_probe = true;
  int probes = 0;
  Resources unknown_resources() const override { return unknown; }
  std::unique_ptr<Question> probe_resources(EventLoop& asking, ResourcesAnswer answer) override;

  // When the person has proved who they are, told where it was asked for; none: it does as Logto does, at once.
  std::optional<std::int64_t> authenticated_at_s;
  PendingSignIn exchanged_pending;
  std::unique_ptr<Question> finish_sign_in(EventLoop& asking, OnBehalfOf, CallbackResponse response,
                                           PendingSignIn pending, SignInAnswer answer) override;

  std::optional<RefreshOutcome> refreshed;
  int refreshes = 0;
  std::unique_ptr<Question> refresh(EventLoop& asking, std::string, Session, RefreshAnswer answer) override;

  std::optional<GrantOutcome> granted;
  std::vector<TokenAudience> asked_audiences;
  std::unique_ptr<Question> token_for(EventLoop& asking, std::string, Session, TokenAudience audience,
                                      TokenAnswer answer) override;

  std::vector<PatreonOutcome> patreon;  // one after the other, the last again and again; none: never an answer
  std::vector<std::string> patreon_tokens;
  std::unique_ptr<Question> patreon_of(EventLoop& asking, std::string, std::string, Secret account_token,
                                       PatreonAnswer answer) override;

  std::optional<Result<LogoutToken, LogoutTokenFailure>> logout;
  std::vector<std::string> logout_tokens;
  std::unique_ptr<Question> judge_logout_token(EventLoop& asking, OnBehalfOf, std::string token,
                                               LogoutAnswer answer) override;

  std::optional<bool> told;  // what tell_replicas() answers; none: there are no replicas
  bool has_replicas() const override { return told.has_value(); }
  int heard = 0;
  std::unique_ptr<Question> hear_replicas(EventLoop& asking, HeardAnswer answer) override;
  std::unique_ptr<Question> tell_replicas(EventLoop& asking, ToldAnswer answer) override;

  void revoke_refresh_token(std::string, Secret refresh_token) override;

  AccessTokenQuestions* tokens = nullptr;
  AccessTokenQuestions* access_tokens() override { return tokens; }
};

std::shared_ptr<const ProviderMetadata> logto_metadata();
RouteSettings route(int index, Access access = Access::signed_in);
std::shared_ptr<Settings> settings();

struct Ask {
  std::string method = "GET";
  std::string path = "/";
  std::string query = {};
  int route = 0;  // index; 0: none
  std::vector<std::pair<std::string, std::string>> headers = {
      {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}, {"Sec-Fetch-Site", "none"}};
  bool wants_upgrade = false;
  std::string body = {};    // shown only where the gatekeeper asks for it
  std::string client = {};  // address; empty: nobody can tell
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

  explicit World(std::shared_ptr<const Settings> with = settings());

  std::string cookie_line() const;
  Verdict ask(const Ask& request);
  Verdict judge_and_wait(const RequestFacts& facts);
  void keep(const std::vector<std::string>& set_cookies);
  Session session(const std::string& sub = "u1") const;
  void sign_in_directly(const Session& made);
  bool has_session() const { return jar.contains("__Host-logto_session"); }
  std::size_t pending_count() const;
};

std::string header(const Answer& answer, std::string_view name);
std::string location(const Verdict& verdict);
// A parameter of the URL that a verdict redirects to.
std::string sent(const Verdict& verdict, std::string_view name);
bool goes_to_logto(const Verdict& verdict);
Ask callback(const std::string& state, const std::string& rest = "code=C");

}  // namespace lp::test
