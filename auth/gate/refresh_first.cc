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
// The cookie in the browser is outdated.
bool is_news(const RefreshOutcome& outcome) { return outcome || !outcome.error().successor.empty(); }

// The session that goes on after an outcome that did not end it.
Session continued(const Session& session, const RefreshOutcome& outcome) {
  if (outcome) return with_refreshed(session, **outcome);
  const Secret& successor = outcome.error().successor;
  return successor.empty() ? session : with_successor(session, successor);
}

// Logto could not be asked. What was proven goes on while the tokens in hand live; that Logto refuses our credentials
// is no word about the person.
bool may_go_on(const Visit& visit, const RefreshOutcome& outcome) {
  if (outcome || outcome.error().kind == Kind::client_credentials) return true;
  return visit.now_s < session_times(*visit.signed_in(), visit.settings()).tokens_end_at_s;
}

bool is_over(const Visit& visit) {
  const OpenedSession& opened = *visit.session.opened;
  return visit.realm.revocations.is_revoked(opened.revocation_keys, opened.session.signed_in_at_ms) ||
         session_age(opened.session, visit.settings(), visit.now_s) == SessionAge::expired;
}

}  // namespace

void continue_session(Visit& visit, const RefreshOutcome& outcome, std::uint64_t keyring_generation) {
  const std::size_t pieces = visit.session.pieces;
  if (is_ended(outcome)) end_session(visit.realm, *visit.signed_in());
  if (is_over(visit)) {
    const SessionLookup was = std::exchange(visit.session, SessionLookup{});
    visit.session.ended_at_ms = visit.realm.revocations.ended_at_ms(was.opened->revocation_keys);
  } else if (is_news(outcome)) {
    const std::string cookie = visit.cookies.value_of(visit.fields());
    visit.session = visit.cookies.adopt(cookie, continued(*visit.signed_in(), outcome), visit.now_s);
    // A cookie that was opened under an older ring of secrets must not be remembered under a newer one.
    if (visit.realm.keyring_generation() != keyring_generation) visit.cookies.forget(cookie);
  }
  visit.session.pieces = pieces;
}

void BackgroundRefreshes::start(SessionCookie& cookies, std::string cookie, const SessionLookup& session,
                                std::string_view request_id) {
  if (!realm_.auth || realm_.clock.monotonic_ms() < session.refresh_not_before_ms) return;
  if (under_way_.size() >= kMax) return;
  const auto [slot, is_new] = under_way_.try_emplace(cookie);
  if (!is_new) return;
  Done done{cookie, std::move(cookie), session.opened->session, realm_.keyring_generation()};
  slot->second = realm_.auth->refresh(loop_, std::string(request_id), session.opened->session,
                                      [this, &cookies, done = std::move(done)](const RefreshOutcome& outcome) {
                                        finish(cookies, done, outcome);
                                        if (!outcome)
                                          cookies.postpone_refresh(done.cookie,
                                                                   realm_.clock.monotonic_ms() + kRetryInBackgroundMs);
                                      });
}

void BackgroundRefreshes::renew_token(SessionCookie& cookies, const std::string& cookie, const Session& session,
                                      const TokenAudience& audience, std::string_view request_id) {
  if (!realm_.auth || under_way_.size() >= kMax) return;
  std::string key = cookie + '\n' + audience.resource + '\n' + audience.organization;
  for (const std::string& scope : audience.scopes) key.append("\n").append(scope);
  const auto [slot, is_new] = under_way_.try_emplace(key);
  if (!is_new) return;
  Done done{std::move(key), cookie, session, realm_.keyring_generation()};
  slot->second = realm_.auth->token_for(
      loop_, std::string(request_id), session, audience,
      [this, &cookies, done = std::move(done)](const GrantOutcome& outcome) {
        if (outcome && !outcome->refreshed) return drop(done.key);
        finish(cookies, done, outcome ? RefreshOutcome(outcome->refreshed) : RefreshOutcome(outcome.error()));
      });
}

void BackgroundRefreshes::finish(SessionCookie& cookies, const Done& done, const RefreshOutcome& outcome) {
  if (is_ended(outcome)) {
    end_session(realm_, done.session);
    cookies.forget(done.cookie);
  } else if (is_news(outcome)) {
    (void)cookies.adopt(done.cookie, continued(done.session, outcome), realm_.clock.unix_s());
  }
  if (done.keyring_generation != realm_.keyring_generation()) cookies.forget(done.cookie);
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
  auto judge_refreshed = [judge = std::move(judge), keyring_generation = visit.realm.keyring_generation()](
                             Visit& judged, const RefreshOutcome& outcome, Waiting later) {
    const bool proven = may_go_on(judged, outcome);
    continue_session(judged, outcome, keyring_generation);
    return judged.signed_in() == nullptr || proven ? judge(judged, std::move(later)) : unproven_verdict(judged);
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge_refreshed));
}

}  // namespace lp
