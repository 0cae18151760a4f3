#include "auth/realm/session_cookie.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "auth/cookies/cookie_pieces.h"
#include "auth/cookies/pending_cookie.h"
#include "auth/session/session_handle.h"
#include "auth/session/session_times.h"
#include "base/crypto.h"

namespace lp {
namespace {

constexpr std::int64_t kKeptAfterEndS = 3600;

std::string escaped_without_quotes(const std::string& text) {
  const std::string quoted = nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

SessionLookup result_of(const CachedSession& entry, std::size_t pieces) {
  SessionLookup result;
  result.opened = entry.opened;
  result.age = entry.age;
  result.write_again = entry.wants_reseal || entry.is_ahead_of_cookie || !entry.with_first_secret;
  result.refresh_not_before_ms = entry.refresh_not_before_ms;
  result.loads_with_first_secret = entry.with_first_secret;
  result.pieces = pieces;
  return result;
}

}  // namespace

SessionCookie::SessionCookie(Realm& realm, bool https)
    : realm_(realm),
      https_(https),
      names_(cookie_names(*realm.settings, https)),
      keyring_(realm.keyring()),
      app_headers_(realm) {}

// What was opened under a secret that has left the ring must not pass from memory either. While nothing changes this
// is one atomic load.
void SessionCookie::follow_keyring() {
  if (keyring_->generation == realm_.keyring_generation()) return;
  cache_.clear();
  app_headers_.forget();
  keyring_ = realm_.keyring();
}

std::shared_ptr<const AppHeaders> SessionCookie::headers_for_app(const OpenedSession* session,
                                                                 const RouteSettings& route,
                                                                 const AppRequest& request) {
  follow_keyring();
  return app_headers_.make(*keyring_, session, route, request);
}

SessionLookup SessionCookie::look_up(const Fields& fields, std::int64_t now_s) {
  const JoinedCookie joined = join_cookie_pieces(names_.session, fields);
  SessionLookup result;
  result.pieces = joined.pieces;
  if (joined.value().empty()) return result;
  follow_keyring();
  CachedSession* entry = cache_.find(joined.value());
  if (entry == nullptr) entry = open(joined.value(), result);
  if (entry == nullptr) return result;
  if (now_s >= entry->valid_until_s) judge_age(*entry, now_s);
  const bool revoked = is_revoked(*entry);
  if (revoked || entry->age == SessionAge::expired) {
    if (revoked) result.ended_at_ms = realm_.revocations.ended_at_ms(entry->opened->revocation_keys);
    if (!revoked) result.expired = entry->opened;
    cache_.erase(joined.value());
    return result;
  }
  return result_of(*entry, result.pieces);
}

std::string SessionCookie::value_of(const Fields& fields) const {
  return std::string(join_cookie_pieces(names_.session, fields).value());
}

CachedSession* SessionCookie::open(std::string_view value, SessionLookup& result) {
  CachedSession entry;
  const std::optional<std::string> bytes =
      keyring_->session_sealer.open(names_.session, value, &entry.with_first_secret);
  if (!bytes) return nullptr;
  if (has_store()) {
    if (decode_session_handle(*bytes)) result.to_load = Secret(*bytes);
    result.loads_with_first_secret = entry.with_first_secret;
    return nullptr;
  }
  Result<Session> session = decode_session(*bytes);
  if (!session) return nullptr;
  entry.cookie = value;
  entry.opened = prepare(std::move(*session));
  return &cache_.insert(std::move(entry));
}

SessionLookup SessionCookie::adopt(std::string cookie, Session session, std::int64_t now_s) {
  CachedSession entry;
  entry.cookie = std::move(cookie);
  entry.opened = prepare(std::move(session));
  entry.is_ahead_of_cookie = true;
  return adopt_entry(std::move(entry), now_s);
}

SessionLookup SessionCookie::adopt_loaded(std::string cookie, Session session, bool with_first_secret,
                                          std::int64_t now_s) {
  CachedSession entry;
  entry.cookie = std::move(cookie);
  entry.opened = prepare(std::move(session));
  entry.with_first_secret = with_first_secret;
  return adopt_entry(std::move(entry), now_s);
}

SessionLookup SessionCookie::adopt_entry(CachedSession entry, std::int64_t now_s) {
  judge_age(entry, now_s);
  SessionLookup over;
  if (is_revoked(entry)) {
    over.ended_at_ms = realm_.revocations.ended_at_ms(entry.opened->revocation_keys);
    return over;
  }
  over.expired = entry.opened;
  if (entry.age == SessionAge::expired) return over;
  return result_of(cache_.insert(std::move(entry)), 0);
}

void SessionCookie::give_handle(Session& session) const {
  if (!has_store() || !session.store_handle.empty()) return;
  session.store_handle =
      encode_session_handle(make_session_handle(random_bytes(SessionHandle::kIdBytes + SessionHandle::kKeyBytes)));
}

// Kept a while longer than it lives, so that a form post that comes just too late is known for what it is.
std::optional<SessionToStore> SessionCookie::to_store(Session session, std::int64_t now_s) const {
  if (!has_store()) return std::nullopt;
  session.sealed_at_s = now_s;
  const SessionTimes times = session_times(session, *realm_.settings);
  const auto handle = decode_session_handle(session.store_handle.reveal());
  LP_CHECK(handle.has_value(), "a session for the store without a handle");
  SessionToStore record;
  record.handle_hash = session_handle_hash(*handle);
  record.sealed =
      seal_session_record(*handle, realm_.settings->realm, encode_session(session), random_bytes(kXaesNonceBytes));
  record.generation = session.generation;
  record.ttl_ms = (std::min(times.idle_at_s, times.ends_at_s) - now_s + kKeptAfterEndS) * 1000;
  return record;
}

std::vector<std::string> SessionCookie::renew(const Fields& fields, Session session, const SessionLookup& from,
                                              std::int64_t now_s) {
  if (!has_store()) return write(std::move(session), from.pieces, now_s);
  session.sealed_at_s = now_s;
  if (realm_.stored) realm_.stored->save_later(*to_store(session, now_s));
  realm_.generations.wrote(session.id, session.generation, now_s);
  (void)adopt_loaded(value_of(fields), session, true, now_s);
  return from.loads_with_first_secret ? std::vector<std::string>() : write(std::move(session), from.pieces, now_s);
}

void SessionCookie::postpone_refresh(std::string_view cookie, std::int64_t not_before_ms) {
  if (CachedSession* entry = cache_.find(cookie)) entry->refresh_not_before_ms = not_before_ms;
}

bool SessionCookie::is_session_cookie(std::string_view set_cookie) const {
  if (!set_cookie.starts_with(names_.session)) return false;
  set_cookie.remove_prefix(names_.session.size());
  return set_cookie.starts_with('=') || set_cookie.starts_with('_');
}

// One comparison while nothing was revoked since the last look.
bool SessionCookie::is_revoked(CachedSession& entry) const {
  const std::uint64_t version = realm_.revocations.version();
  if (entry.unrevoked_at_version == version) return false;
  const OpenedSession& opened = *entry.opened;
  if (realm_.revocations.is_revoked(opened.revocation_keys, opened.session.signed_in_at_ms)) return true;
  entry.unrevoked_at_version = version;
  return false;
}

std::shared_ptr<const OpenedSession> SessionCookie::prepare(Session session) const {
  auto opened = std::make_shared<OpenedSession>();
  opened->revocation_keys = revocation_keys(realm_.settings->realm, session.id, session.sid, session.sub);
  opened->log_sub = escaped_without_quotes(session.sub);
  opened->session = std::move(session);
  return opened;
}

void SessionCookie::judge_age(CachedSession& entry, std::int64_t now_s) const {
  const Session& session = entry.opened->session;
  entry.age = session_age(session, *realm_.settings, now_s);
  entry.wants_reseal = wants_reseal(session, *realm_.settings, now_s);
  entry.valid_until_s = age_valid_until_s(session, *realm_.settings, now_s);
}

std::vector<std::string> SessionCookie::write(Session session, std::size_t pieces_before, std::int64_t now_s) const {
  session.sealed_at_s = now_s;
  const std::int64_t max_age_s = session_ends_at_s(session, realm_.settings->session) - now_s;
  const std::string bytes = has_store() ? std::string(session.store_handle.reveal()) : encode_session(session);
  if (max_age_s <= 0 || bytes.size() > kMaxSessionBytes) return {};
  realm_.generations.wrote(session.id, session.generation, now_s);
  const std::string sealed =
      realm_.keyring()->session_sealer.seal(names_.session, bytes, random_bytes(kXaesNonceBytes));
  return set_cookie_pieces(names_.session, sealed, session_attributes(max_age_s), pieces_before);
}

std::vector<std::string> SessionCookie::remove(std::size_t pieces) const {
  return delete_cookie_pieces(names_.session, session_attributes(0), pieces);
}

std::vector<std::string> SessionCookie::remove_host_only(const Fields& fields) const {
  CookieSettings cookie = realm_.settings->session.cookie;
  if (cookie.domain.empty()) return {};
  cookie.domain.clear();
  const std::string name = cookie_names(cookie, realm_.settings->realm, https_).session;
  return delete_cookie_pieces(name, {https_, cookie.same_site, "", 0}, join_cookie_pieces(name, fields).pieces);
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

CookieAttributes SessionCookie::pending_attributes() const {
  return {https_, realm_.settings->session.cookie.same_site, attempt_cookie_domain(*realm_.settings),
          kPendingLifetimeS};
}

}  // namespace lp
