#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "auth/visit/load_first.h"
#include "auth/visit/visit.h"

// Refreshing the tokens behind a session from a worker's side: off the request's path while there is time, in it when
// nobody may pass before Logto has vouched again.
namespace lp {

// Refreshes and fetches of tokens under way that no request waits for, one per cookie and audience. One per worker.
class BackgroundRefreshes {
 public:
  static constexpr std::size_t kMax = 10'000;

  // Both must outlive it.
  BackgroundRefreshes(Realm& realm, EventLoop& loop) : realm_(realm), loop_(loop) {}

  // Does nothing where one is under way for this cookie or has just failed. `cookies` must outlive the refresh.
  void start(SessionCookie& cookies, std::string cookie, const SessionLookup& session, std::string_view request_id);
  // Renews a token that is kept in Realm::tokens. As above.
  void renew_token(SessionCookie& cookies, const std::string& cookie, const SessionLookup& session,
                   const TokenAudience& audience, std::string_view request_id);

 private:
  struct Done {  // what a callback needs, which may outlive the entry's key
    std::string key;
    std::string cookie;
    SecretId secret = kNoSecret;
    Session session;
  };
  void finish(SessionCookie& cookies, const Done& done, const RefreshOutcome& outcome);
  void drop(const std::string& key);

  Realm& realm_;
  EventLoop& loop_;
  std::unordered_map<std::string, std::unique_ptr<AuthQuestions::Question>> under_way_;  // by cookie and audience
};

// What an outcome makes of the visit's session: newer, the same, or over, by the outcome or by what came meanwhile.
void continue_session(Visit& visit, const RefreshOutcome& outcome);

// Waits for the refresh of the visit's session, then judges: `judge` gets the visit with the session as it then is,
// signed out where Logto vouches no more.
[[nodiscard]] Verdict refresh_first(const Visit& visit, JudgeVisit judge, Waiting waiting);

}  // namespace lp
