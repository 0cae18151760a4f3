#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "auth/load_session.h"
#include "auth/visit.h"

// Refreshing the tokens behind a session from a worker's side: off the request's path while there is time, in it when
// nobody may pass before Logto has vouched again.
namespace lp {

// Refreshes under way that no request waits for, one per cookie. One per worker.
class BackgroundRefreshes {
 public:
  static constexpr std::size_t kMax = 10'000;

  // Both must outlive it.
  BackgroundRefreshes(Realm& realm, EventLoop& loop) : realm_(realm), loop_(loop) {}

  // Does nothing where one is under way for this cookie or has just failed. `cookies` must outlive the refresh.
  void start(SessionCookie& cookies, std::string cookie, const SessionLookup& session, std::string_view request_id);

 private:
  void finish(SessionCookie& cookies, const std::string& cookie, const Session& session, const RefreshOutcome& outcome);

  Realm& realm_;
  EventLoop& loop_;
  std::unordered_map<std::string, std::unique_ptr<AuthQuestions::Question>> under_way_;  // by the cookie's value
};

// Waits for the refresh of the visit's session, then judges: `judge` gets the visit with the session as it then is,
// signed out where Logto vouches no more.
[[nodiscard]] Verdict refresh_first(const Visit& visit, JudgeVisit judge, Waiting waiting);

}  // namespace lp
