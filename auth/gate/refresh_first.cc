#include "auth/gate/refresh_first.h"

#include <utility>

#include "auth/realm/end_sessions.h"
#include "auth/session/session_times.h"
#include "auth/visit/wait.h"

namespace lp {
namespace {

using Kind = RefreshFailure::Kind;

constexpr std::int64_t kRetryInBackgroundMs = 2'000;  // the auth thread backs off for longer where it must

bool is_ended(const RefreshOutcome& outcome) { return !outcome && outcome.error().kind == Kind::ended; }
bool knows_more(const RefreshFailure& failure, const Session& session) {
  return failure.known && says_more(*failure.known, session);
}
// The cookie in the browser is outdated.
bool is_news(const RefreshOutcome& outcome, const Session& session) {
  return outcome || !outcome.error().successor.empty() || knows_more(outcome.error(), session);
}

// The session that goes on after an outcome that did not end it.
Session continued(const Session& session, const RefreshOutcome& outcome) {
  if (outcome) return with_refreshed(session, **outcome);
  const RefreshFailure& failure = outcome.error();
  const Session newest = knows_more(failure, session) ? with_refreshed(session, *failure.known) : session;
  return failure.successor.empty() ? newest : with_successor(newest, failure.successor);
}

// Logto could not be asked. What was proven goes on while the tokens in hand live; that Logto refuses our credentials
// is no word about the person.
bool may_go_on(const Visit& visit, const RefreshOutcome& outcome) {
  if (visit.signed_in() == nullptr || outcome || outcome.error().kind == Kind::client_credentials) return true;
  return visit.now_s < session_times(*visit.signed_in(), visit.settings()).tokens_end_at_s;
}

bool is_over(const Visit& visit) {
  const OpenedSession& opened = *visit.session.opened;
  return visit.realm.revocations.is_revoked(opened.revocation_keys, opened.session.signed_in_at_ms) ||
         session_age(opened.session, visit.settings(), visit.now_s) == SessionAge::expired;
}

}  // namespace

void continue_session(Visit& visit, const RefreshOutcome& outcome) {
  if (visit.signed_in() == nullptr) return;
  const std::size_t pieces = visit.session.pieces;
  if (is_ended(outcome)) end_session(visit.realm, *visit.signed_in());
  if (is_over(visit)) {
    const SessionLookup was = std::exchange(visit.session, SessionLookup{});
    visit.session.ended_at_ms = proof_needed_since_ms(visit.realm, was.opened->session);
  } else if (is_news(outcome, *visit.signed_in())) {
    visit.session = visit.cookies.adopt(visit.cookies.value_of(visit.fields()), visit.session.secret,
                                        continued(*visit.signed_in(), outcome), visit.now_s);
  }
  visit.session.pieces = pieces;
}

void BackgroundRefreshes::start(SessionCookie& cookies, std::string cookie, const SessionLookup& session,
                                std::string_view request_id) {
  if (!realm_.auth || realm_.clock.monotonic_ms() < session.refresh_not_before_ms) return;
  if (under_way_.size() >= kMax) return;
  const auto [slot, is_new] = under_way_.try_emplace(cookie);
  if (!is_new) return;
  Done done{cookie, std::move(cookie), session.secret, session.opened->session};
  slot->second = realm_.auth->refresh(loop_, std::string(request_id), session.opened->session,
                                      [this, &cookies, done = std::move(done)](const RefreshOutcome& outcome) {
                                        finish(cookies, done, outcome);
                                        if (!outcome)
                                          cookies.postpone_refresh(done.cookie,
                                                                   realm_.clock.monotonic_ms() + kRetryInBackgroundMs);
                                      });
}

void BackgroundRefreshes::renew_token(SessionCookie& cookies, const std::string& cookie, const SessionLookup& session,
                                      const TokenAudience& audience, std::string_view request_id) {
  if (!realm_.auth || under_way_.size() >= kMax) return;
  std::string key = cookie + '\n' + audience.resource + '\n' + audience.organization;
  for (const std::string& scope : audience.scopes) key.append("\n").append(scope);
  const auto [slot, is_new] = under_way_.try_emplace(key);
  if (!is_new) return;
  Done done{std::move(key), cookie, session.secret, session.opened->session};
  slot->second = realm_.auth->token_for(
      loop_, std::string(request_id), session.opened->session, audience,
      [this, &cookies, done = std::move(done)](const GrantOutcome& outcome) {
        if (outcome && !outcome->refreshed) return drop(done.key);
        finish(cookies, done, outcome ? RefreshOutcome(outcome->refreshed) : RefreshOutcome(outcome.error()));
      });
}

void BackgroundRefreshes::finish(SessionCookie& cookies, const Done& done, const RefreshOutcome& outcome) {
  if (is_ended(outcome)) {
    end_session(realm_, done.session);
    cookies.forget(done.cookie);
  } else if (is_news(outcome, done.session)) {
    (void)cookies.adopt(done.cookie, done.secret, continued(done.session, outcome), realm_.clock.unix_s());
  }
  drop(done.key);
}

void BackgroundRefreshes::drop(const std::string& key) {
  auto question = under_way_.extract(key);
  loop_.defer_delete(std::move(question.mapped()));  // its callback is on the stack
}

Verdict refresh_first(const Visit& visit, JudgeVisit judge, Waiting waiting) {
  if (!visit.realm.auth) return unproven_verdict(visit);
  const auto ask = [](const Visit& asking, auto answer) {
    return asking.realm.auth->refresh(asking.loop, std::string(asking.facts.request_id), *asking.signed_in(),
                                      std::move(answer));
  };
  auto judge_refreshed = [judge = std::move(judge)](Visit& judged, const RefreshOutcome& outcome, Waiting later) {
    continue_session(judged, outcome);
    return may_go_on(judged, outcome) ? judge(judged, std::move(later)) : unproven_verdict(judged);
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge_refreshed));
}

}  // namespace lp
