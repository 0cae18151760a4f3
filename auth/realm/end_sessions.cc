#include "auth/realm/end_sessions.h"

#include <algorithm>

#include "auth/oidc/token_rules.h"
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

// Else one person's sign-outs would push everybody else's out of the table.
bool may_have_own_record(Realm& realm, std::string_view sub) {
  return realm.subject_records.take(revocation_key(RevocationKind::sub, realm.settings->realm, sub),
                                    realm.clock.unix_s());
}

}  // namespace

void end_session(Realm& realm, const Session& session) {
  if (may_have_own_record(realm, session.sub)) {
    end_until(realm, RevocationKind::session, session.id, realm.clock.unix_ms());
  } else {
    end_until(realm, RevocationKind::sub, session.sub, session.signed_in_at_ms);
  }
  realm.tokens.drop(session.id);
  const auto handle = decode_session_handle(session.store_handle.reveal());
  if (!handle || !realm.stored) return;
  const std::string hash = session_handle_hash(*handle);
  realm.proven.erase(hash);
  realm.stored->remove_later(hash, realm.settings->session.max_lifetime_ms);
}

bool end_sessions(Realm& realm, RevocationKind kind, std::string_view value, std::optional<std::int64_t> said_at_ms) {
  const std::int64_t until_ms = said_at_ms ? *said_at_ms + token_rules::kLeewayS * 1000 : realm.clock.unix_ms();
  return end_until(realm, kind, value, until_ms);
}

bool end_sessions(Realm& realm, const LogoutToken& token) {
  const std::int64_t said_at_ms = token.iat_s * 1000;
  const bool by_sid = !token.sid.empty() && (token.sub.empty() || may_have_own_record(realm, token.sub));
  return !by_sid ? end_sessions(realm, RevocationKind::sub, token.sub, said_at_ms)
                 : end_sessions(realm, RevocationKind::sid, token.sid, said_at_ms);
}

}  // namespace lp
