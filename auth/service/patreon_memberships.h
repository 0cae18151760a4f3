#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/oidc/patreon.h"
#include "auth/provider/backoff.h"
#include "auth/provider/pinned_fetch.h"
#include "auth/session/patreon_answers.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "base/secret.h"
#include "config/settings.h"

namespace lp {

// Asks Patreon for people's memberships: their token from Logto's Account API, then Patreon's identity endpoint. One
// flight for each person, whoever asks; at most kAtOnce fly at a time, the others wait in the order in which they came.
// When Patreon, or Logto, cannot answer, or wants to be left alone (429, Retry-After), nobody is asked for until the
// pause is over: a call for each person who comes would keep it away. Whom alone it does not answer, twice, while it
// answers others, is left alone by themselves. What is learnt goes to PatreonAnswers before
// anybody is told. Auth thread.
class PatreonMemberships {
 public:
  static constexpr std::size_t kAtOnce = 8;
  static constexpr std::size_t kMaxFlights = 10'000;
  static constexpr std::int64_t kPatienceMs = 8'000;  // with one person's two calls
  static constexpr std::int64_t kMaxPauseS = 3'600;   // whatever Retry-After says
  static constexpr std::int64_t kUnsaidPauseS = 60;   // after a 429 that does not say

  // All must outlive it. `logto`: the fetcher pinned to Logto.
  PatreonMemberships(EventLoop& loop, PinnedFetcher& logto, const Settings& settings, const Clock& clock, Log& log);
  ~PatreonMemberships();
  PatreonMemberships(const PatreonMemberships&) = delete;
  PatreonMemberships& operator=(const PatreonMemberships&) = delete;

  // Before the first ask(); must outlive it.
  void keep_in(PatreonAnswers& answers) { answers_ = &answers; }

  // `done` runs later, never inside this call. What has begun is ended, whoever has stopped waiting.
  using Done = std::function<void(const PatreonOutcome&)>;
  void ask(const std::string& request_id, const std::string& sub, const Secret& account_token, Done done);

 private:
  struct Flight;
  void start_waiting();
  void fly(Flight& flight);
  void on_token(Flight& flight, const Result<ProviderReply>& reply);
  void on_identity(Flight& flight, const Result<ProviderReply>& reply);
  void fail_with(Flight& flight, PatreonFailure failure);
  bool is_about_one(const Flight& flight, const PatreonFailure& failure);
  void leave_alone(const Flight& flight, const PatreonFailure& failure);
  void pause_for(const Flight& flight, const PatreonFailure& failure);
  void fail_all_waiting(const PatreonFailure& failure);
  void succeed(Flight& flight, PatreonStanding::Kind kind, std::vector<PatreonMembership> memberships);
  void end(Flight& flight, const PatreonOutcome& outcome);
  void answer_later(Done done, PatreonOutcome outcome);

  EventLoop& loop_;
  PinnedFetcher& logto_;
  PinnedFetcher patreon_;
  const Settings& settings_;
  const std::set<std::string> campaigns_;
  const Clock& clock_;
  Log& log_;
  PatreonAnswers* answers_ = nullptr;                                 // null: nothing is kept
  std::unordered_map<std::string, std::unique_ptr<Flight>> flights_;  // by subject
  std::deque<std::string> waiting_;                                   // subjects of those that do not fly yet
  std::size_t flying_ = 0;
  Backoff backoff_;
  bool is_away_ = false;  // and the log says so
};

}  // namespace lp
