#include "auth/gate/watched_sessions.h"

#include <optional>
#include <utility>

#include "auth/realm/end_sessions.h"
#include "auth/session/session_handle.h"
#include "auth/session/session_times.h"
#include "auth/session/store_trust.h"

namespace lp {
namespace {

constexpr std::int64_t kAskAgainS = 10;
constexpr std::int64_t kAskUseAgainS = 2;
constexpr std::int64_t kForgetUnseenS = 60;

}  // namespace

SessionStand WatchedSessions::stand_of(const OpenedSession& opened, std::int64_t now_s) {
  if (is_ended(opened, now_s)) return SessionStand::ended;
  const StoreTrust trust = store_trust(*realm_.settings, realm_.store_health, realm_.clock.monotonic_ms());
  if (trust == StoreTrust::none) return SessionStand::unproven;
  if (now_s >= session_times(opened.session, *realm_.settings).refresh_at_s) keep_proven(opened.session, now_s);
  return SessionStand::goes_on;
}

bool WatchedSessions::is_ended(const OpenedSession& opened, std::int64_t now_s) {
  if (!realm_.keyring()->holds(opened.secret)) return true;
  if (realm_.revocations.is_revoked(opened.revocation_keys, opened.session.signed_in_at_ms)) return true;
  const SessionTimes times = session_times(opened.session, *realm_.settings);
  return now_s >= times.ends_at_s || (now_s >= times.idle_at_s && has_idled_out(opened.session, now_s));
}

bool WatchedSessions::has_idled_out(const Session& session, std::int64_t now_s) {
  const std::int64_t idle_s = session_times(session, *realm_.settings).idle_at_s - session.sealed_at_s;
  if (now_s < realm_.generations.last_written_at_s(session.id) + idle_s) return false;
  return !realm_.stored || session.store_handle.empty() || has_idled_out_everywhere(session, idle_s, now_s);
}

// While the store gives no answer nothing is known; how long that may last is a matter of store_trust().
bool WatchedSessions::has_idled_out_everywhere(const Session& session, std::int64_t idle_s, std::int64_t now_s) {
  Watched& watched = watch(session, now_s);
  if (watched.is_gone) return true;
  if (now_s < watched.used_at_s + idle_s || watched.use_question || now_s < watched.ask_use_not_before_s) return false;
  watched.ask_use_not_before_s = now_s + kAskUseAgainS;
  watched.use_question =
      realm_.stored->load(loop_, session_record_name(session.store_handle),
                          [this, session, idle_s](const auto& stored) { take_use(session, idle_s, stored); });
  return false;
}

void WatchedSessions::take_use(const Session& session, std::int64_t idle_s, const Result<StoredSession>& stored) {
  Watched& watched = watched_.at(session.id);
  loop_.defer_delete(std::move(watched.use_question));  // its callback is on the stack
  if (!stored) return;
  const auto handle = decode_session_handle(session.store_handle.reveal());
  const bool is_there = stored->kind == StoredSession::Kind::found && handle;
  const auto bytes = is_there ? open_session_record(*handle, realm_.settings->realm, stored->bytes) : std::nullopt;
  const Result<Session> used = bytes ? decode_session(*bytes) : Result<Session>(fail("it is gone"));
  if (used) watched.used_at_s = used->sealed_at_s;
  watched.is_gone = !used || realm_.clock.unix_s() >= used->sealed_at_s + idle_s;
}

WatchedSessions::Watched& WatchedSessions::watch(const Session& session, std::int64_t now_s) {
  forget_unseen(now_s);
  const auto [entry, is_new] = watched_.try_emplace(session.id);
  if (is_new) entry->second.newest = session;
  entry->second.seen_at_s = now_s;
  return entry->second;
}

void WatchedSessions::keep_proven(const Session& session, std::int64_t now_s) {
  if (!realm_.auth) return;
  Watched& watched = watch(session, now_s);
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
    return !entry.second.question && !entry.second.use_question && now_s - entry.second.seen_at_s > kForgetUnseenS;
  });
}

}  // namespace lp
