#include "auth/realm/end_sessions.h"

#include <algorithm>

#include "auth/session/session_handle.h"

namespace lp {
namespace {

bool end_until(Realm& realm, RevocationKind kind, std::string_view value, std::int64_t until_ms) {
  const std::int64_t now_ms = realm.clock.unix_ms();
  Revocation record;
  record.key = revocation_key(kind, realm.settings->realm, value);
  record.before_ms = std::min(now_ms, until_ms) + 1;
  record.forget_at_s = (now_ms + realm.settings->session.max_lifetime_ms) / 1000 + 2;
  return realm.revocations.add(record, now_ms / 1000);
}

void remove_record(Realm& realm, const std::string& record, StoredSessions::LastSeen last_seen = {}) {
  if (record.empty() || !realm.stored) return;
  realm.proven.erase(record);
  realm.stored->remove_later(record, realm.settings->session.max_lifetime_ms, std::move(last_seen));
}

// Empty where the record does not say: it is gone, or another's.
std::string subject_of(const Realm& realm, const Secret& store_handle, const StoredSession& stored) {
  const auto handle = decode_session_handle(store_handle.reveal());
  if (!handle || stored.kind != StoredSession::Kind::found) return {};
  const auto bytes = open_session_record(*handle, realm.settings->realm, stored.bytes);
  if (!bytes) return {};
  const auto session = decode_session(*bytes);
  return session ? session->sub : std::string();
}

// Else one person's sign-outs would push everybody else's out of the table.
bool may_have_own_record(Realm& realm, std::string_view sub) {
  return realm.subject_records.take(revocation_key(RevocationKind::sub, realm.settings->realm, sub),
                                    realm.clock.unix_s());
}

// A share of its own: whoever signs in and out causes a message of Logto each time, too.
bool may_have_remembered(Realm& realm, std::string_view sub) {
  return sub.empty() || realm.subject_records.take(revocation_key(RevocationKind::message, realm.settings->realm, sub),
                                                   realm.clock.unix_s());
}

void end_record_of(Realm& realm, const Session& session) {
  const RevocationKeys keys = revocation_keys(realm.settings->realm, session.id, session.sid, session.sub);
  // All who waited for one refresh hear that it is over: the person's share is spent once.
  if (realm.revocations.is_revoked(keys, session.signed_in_at_ms)) return;
  if (may_have_own_record(realm, session.sub)) {
    end_until(realm, RevocationKind::session, session.id, realm.clock.unix_ms());
  } else {
    end_until(realm, RevocationKind::sub, session.sub, session.signed_in_at_ms);
    demand_proof(realm, session.sub);
  }
}

}  // namespace

void end_session(Realm& realm, const Session& session) {
  end_record_of(realm, session);
  realm.tokens.drop(session.id);
  remove_record(realm, session_record_name(session.store_handle));
}

void end_unknown_session(Realm& realm, const Secret& store_handle) {
  const std::string record = session_record_name(store_handle);
  if (record.empty()) return;
  const std::int64_t ended_at_ms = realm.clock.unix_ms();
  end_until(realm, RevocationKind::record, record, ended_at_ms);
  remove_record(realm, record, [&realm, store_handle, ended_at_ms](const StoredSession& last) {
    const std::string sub = subject_of(realm, store_handle, last);
    if (!sub.empty()) end_until(realm, RevocationKind::proof, sub, ended_at_ms);
  });
}

bool end_sessions(Realm& realm, RevocationKind kind, std::string_view value, std::optional<std::int64_t> said_at_ms) {
  const std::int64_t ended_at_ms = said_at_ms.value_or(realm.clock.unix_ms());
  // The record of the end may reach beyond it, and of two ends only the later is kept: this one holds the moment
  // itself.
  if (kind == RevocationKind::sub) end_until(realm, RevocationKind::proof, value, ended_at_ms);
  return end_until(realm, kind, value, said_at_ms ? ended_at_ms + kClockAllowanceMs : ended_at_ms);
}

void demand_proof(Realm& realm, std::string_view sub) {
  end_until(realm, RevocationKind::proof, sub, realm.clock.unix_ms());
}

std::int64_t proof_needed_since_ms(const Realm& realm, const Session& session) {
  const std::string& name = realm.settings->realm;
  const RevocationKeys keys =
      revocation_keys(name, session.id, session.sid, session.sub, session_record_name(session.store_handle));
  return std::max(realm.revocations.ended_at_ms(keys),
                  realm.revocations.ended_at_ms(revocation_key(RevocationKind::proof, name, session.sub)));
}

bool end_sessions(Realm& realm, const LogoutToken& token) {
  const std::int64_t said_at_ms = token.iat_s * 1000;
  const bool by_sid = !token.sid.empty() && (token.sub.empty() || may_have_own_record(realm, token.sub));
  return !by_sid ? end_sessions(realm, RevocationKind::sub, token.sub, said_at_ms)
                 : end_sessions(realm, RevocationKind::sid, token.sid, said_at_ms);
}

bool is_first_delivery(Realm& realm, std::string_view id, std::string_view sub, std::int64_t remember_until_s) {
  const std::int64_t now_ms = realm.clock.unix_ms();
  Revocation record;
  record.key = revocation_key(RevocationKind::message, realm.settings->realm, id);
  record.before_ms = now_ms + 1;
  record.forget_at_s = remember_until_s + 1;
  const bool is_known = realm.revocations.ended_at_ms(record.key) > realm.revocations.floor_ms();
  if (is_known || may_have_remembered(realm, sub)) return realm.revocations.add_once(record, now_ms / 1000);
  return true;
}

}  // namespace lp
