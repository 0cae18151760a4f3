#include "auth/session_cookie.h"

#include <optional>
#include <utility>

#include "auth/identity_headers.h"
#include "base/crypto.h"

namespace lp {
namespace {

std::string escaped_without_quotes(const std::string& text) {
  const std::string quoted = nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

std::shared_ptr<const OpenedSession> prepare(Session session, const Settings& settings) {
  auto opened = std::make_shared<OpenedSession>();
  opened->identity_lines = identity_lines(session.claims, session.sub, settings);
  opened->log_sub = escaped_without_quotes(session.sub);
  opened->session = std::move(session);
  return opened;
}

void judge_age(CachedSession& entry, const SessionSettings& settings, std::int64_t now_s) {
  const Session& session = entry.opened->session;
  entry.age = session_age(session, settings, now_s);
  entry.wants_reseal = wants_reseal(session, settings, now_s);
  entry.valid_until_s = age_valid_until_s(session, settings, now_s);
}

}  // namespace

SessionCookie::SessionCookie(const Realm& realm, bool https)
    : realm_(realm), https_(https), names_(cookie_names(*realm.settings, https)), keyring_(realm.keyring()) {}

// What was opened under a secret that has left the ring must not pass from memory either. While nothing changes this
// is one atomic load.
void SessionCookie::follow_keyring() {
  if (keyring_->generation == realm_.keyring_generation()) return;
  cache_.clear();
  keyring_ = realm_.keyring();
}

SessionLookup SessionCookie::look_up(const Fields& fields, std::int64_t now_s) {
  const JoinedCookie joined = join_cookie_pieces(names_.session, fields);
  SessionLookup result;
  result.pieces = joined.pieces;
  if (joined.value().empty()) return result;
  follow_keyring();
  CachedSession* entry = cache_.find(joined.value());
  if (entry == nullptr) entry = open(joined.value());
  if (entry == nullptr) return result;
  if (now_s >= entry->valid_until_s) judge_age(*entry, realm_.settings->session, now_s);
  if (entry->age == SessionAge::expired) {
    cache_.erase(joined.value());
    return result;
  }
  result.opened = entry->opened;
  result.age = entry->age;
  result.write_again = entry->wants_reseal || !entry->with_first_secret;
  return result;
}

CachedSession* SessionCookie::open(std::string_view value) {
  CachedSession entry;
  const std::optional<std::string> bytes =
      keyring_->session_sealer.open(names_.session, value, &entry.with_first_secret);
  if (!bytes) return nullptr;
  Result<Session> session = decode_session(*bytes);
  if (!session) return nullptr;
  entry.cookie = value;
  entry.opened = prepare(std::move(*session), *realm_.settings);
  return &cache_.insert(std::move(entry));
}

std::vector<std::string> SessionCookie::write(Session session, std::size_t pieces_before, std::int64_t now_s) const {
  session.sealed_at_s = now_s;
  const std::int64_t max_age_s = session_ends_at_s(session, realm_.settings->session) - now_s;
  const std::string bytes = encode_session(session);
  if (max_age_s <= 0 || bytes.size() > kMaxSessionBytes) return {};
  const std::string sealed =
      realm_.keyring()->session_sealer.seal(names_.session, bytes, random_bytes(kXaesNonceBytes));
  return set_cookie_pieces(names_.session, sealed, session_attributes(max_age_s), pieces_before);
}

std::vector<std::string> SessionCookie::remove(std::size_t pieces) const {
  return delete_cookie_pieces(names_.session, session_attributes(0), pieces);
}

std::string SessionCookie::write_pending(const PendingSignIn& pending) const {
  const std::string name = pending_cookie_name(names_.pending_prefix, pending.state.reveal());
  const std::string sealed =
      realm_.keyring()->pending_sealer.seal(name, encode_pending(pending), random_bytes(kXaesNonceBytes));
  if (sealed.size() > kCookiePieceBytes) return {};
  return set_cookie_pieces(name, sealed, pending_attributes(), 0).front();
}

std::vector<std::string> SessionCookie::remove_pending(const std::vector<std::string>& names) const {
  std::vector<std::string> lines;
  for (const std::string& name : names) lines.push_back(delete_cookie_pieces(name, pending_attributes(), 1).front());
  return lines;
}

CookieAttributes SessionCookie::session_attributes(std::int64_t max_age_s) const {
  const CookieSettings& cookie = realm_.settings->session.cookie;
  return {https_, cookie.same_site, cookie.domain, max_age_s};
}

// Host-only, whatever session.cookie.domain says: the callback comes back to the same host.
CookieAttributes SessionCookie::pending_attributes() const {
  return {https_, realm_.settings->session.cookie.same_site, "", kPendingLifetimeS};
}

}  // namespace lp
