#include "auth/gate/watched_sessions.h"

#include <algorithm>
#include <utility>

#include "auth/realm/end_sessions.h"
#include "auth/session/session_times.h"
#include "auth/session/store_trust.h"

namespace lp {
namespace {

constexpr std::int64_t kAskAgainS = 10;
constexpr std::int64_t kForgetUnseenS = 60;

}  // namespace

bool WatchedSessions::is_over(const OpenedSession& opened, std::int64_t now_s) {
  const Session& session = opened.session;
  if (realm_.revocations.is_revoked(opened.revocation_keys, session.signed_in_at_ms)) return true;
  const StoreTrust trust = store_trust(*realm_.settings, realm_.store_health.last_ms(), realm_.clock.monotonic_ms());
  if (trust == StoreTrust::none) return true;
  const SessionTimes times = session_times(session, *realm_.settings);
  if (now_s >= times.ends_at_s) return true;
  if (now_s >= times.idle_at_s) {
    const std::int64_t used_at_s = std::max(session.sealed_at_s, realm_.generations.last_written_at_s(session.id));
    if (now_s >= used_at_s + times.idle_at_s - session.sealed_at_s) return true;
  }
  if (now_s >= times.refresh_at_s) keep_proven(session, now_s);
  return false;
}

void WatchedSessions::keep_proven(const Session& session, std::int64_t now_s) {
  if (!realm_.auth) return;
  forget_unseen(now_s);
  const auto [entry, is_new] = watched_.try_emplace(session.id);
  Watched& watched = entry->second;
  if (is_new) watched.newest = session;
  watched.seen_at_s = now_s;
  const bool due = now_s >= session_times(watched.newest, *realm_.settings).refresh_at_s;
  if (!due || watched.question || now_s < watched.ask_not_before_s) return;
  watched.ask_not_before_s = now_s + kAskAgainS;
  watched.question = realm_.auth->refresh(loop_, "tunnel", watched.newest,
                                          [this, id = session.id](const auto& outcome) { finish(id, outcome); });
}

void WatchedSessions::finish(const std::string& id, const RefreshOutcome& outcome) {
  Watched& watched = watched_.at(id);
  loop_.defer_delete(std::move(watched.question));  // its callback is on the stack
  if (outcome) {
    watched.newest = with_refreshed(std::move(watched.newest), **outcome);
  } else if (outcome.error().kind == RefreshFailure::Kind::ended) {
    end_session(realm_, watched.newest);
  } else if (!outcome.error().successor.empty()) {
    watched.newest = with_successor(std::move(watched.newest), outcome.error().successor);
  }
}

void WatchedSessions::forget_unseen(std::int64_t now_s) {
  if (now_s < forget_at_s_) return;  // a walk over all, which each one of them would cause
  forget_at_s_ = now_s + kForgetUnseenS;
  std::erase_if(watched_, [&](const auto& entry) {
    return !entry.second.question && now_s - entry.second.seen_at_s > kForgetUnseenS;
  });
}

}  // namespace lp
