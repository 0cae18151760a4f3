#include "auth/ended_sessions.h"

#include "auth/session_handle.h"

namespace lp {
namespace {

bool end_until_now(Realm& realm, RevocationKind kind, std::string_view value) {
  const std::int64_t now_ms = realm.clock.unix_ms();
  Revocation record;
  record.key = revocation_key(kind, realm.settings->realm, value);
  record.before_ms = now_ms + 1;
  record.forget_at_s = (now_ms + realm.settings->session.max_lifetime_ms) / 1000 + 2;
  return realm.revocations.add(record, now_ms / 1000);
}

}  // namespace

void end_session(Realm& realm, const Session& session) {
  end_until_now(realm, RevocationKind::session, session.id);
  const auto handle = decode_session_handle(session.store_handle.reveal());
  if (!handle || !realm.stored) return;
  const std::string hash = session_handle_hash(*handle);
  realm.proven.erase(hash);
  realm.stored->remove_later(hash, realm.settings->session.max_lifetime_ms);
}

bool end_sessions(Realm& realm, RevocationKind kind, std::string_view value) {
  return end_until_now(realm, kind, value);
}

}  // namespace lp
