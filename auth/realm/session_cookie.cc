#include "auth/realm/session_cookie.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "auth/cookies/cookie_pieces.h"
#include "auth/cookies/pending_cookie.h"
#include "auth/realm/end_sessions.h"
#include "auth/session/kept_items.h"
#include "auth/session/session_handle.h"
#include "auth/session/session_times.h"
#include "base/crypto.h"

namespace lp {
namespace {

constexpr std::int64_t kKeptAfterEndS = 3600;

// Kept a while longer than it lives, so that a form post that comes just too late is known for what it is.
SessionToStore record_of(const Session& session, const Settings& settings, std::int64_t now_s) {
  const SessionTimes times = session_times(session, settings);
  const auto handle = decode_session_handle(session.store_handle.reveal());
  LP_CHECK(handle.has_value(), "a session for the store without a handle");
  SessionToStore record;
  record.handle_hash = session_handle_hash(*handle);
  record.sealed = seal_session_record(*handle, settings.realm, encode_session(session), random_bytes(kXaesNonceBytes));
  record.generation = session.generation;
  record.ttl_ms = (std::min(times.idle_at_s, times.ends_at_s) - now_s + kKeptAfterEndS) * 1000;
  return record;
}

// What another worker or replica has saved, used at `used_at_s` as well.
std::optional<SessionToStore> used_at(const StoredSession& saved, const Secret& encoded_handle,
                                      const Settings& settings, std::int64_t used_at_s) {
  const auto handle = decode_session_handle(encoded_handle.reveal());
  if (!handle || saved.kind != StoredSession::Kind::found) return std::nullopt;
  const auto bytes = open_session_record(*handle, settings.realm, saved.bytes);
  Result<Session> session = bytes ? decode_session(*bytes) : Result<Session>(fail("does not open"));
  if (!session || session->sealed_at_s >= used_at_s) return std::nullopt;
  session->store_handle = encoded_handle;
  session->sealed_at_s = used_at_s;
  session->generation = saved.generation + 1;
  return record_of(*session, settings, used_at_s);
}

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
  result.secret = entry.opened->secret;
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
  unreadable_.clear();
  app_headers_.forget();
  keyring_ = realm_.keyring();
}

std::shared_ptr<const AppHeaders> SessionCookie::headers_for_app(const OpenedSession* session,
                                                                 const RouteSettings& route,
                                                                 const AppRequest& request) {
  follow_keyring();
  return app_headers_.make(*keyring_, session, route, request);
}

SessionLookup SessionCookie::look_up(const Fields& fields, std::int64_t now_s, std::string_view client) {
  const JoinedCookie joined = join_cookie_pieces(names_.session, fields, names_.loop);
  SessionLookup result;
  result.pieces = joined.pieces;
  if (joined.value().empty()) return result;
  follow_keyring();
  CachedSession* entry = cache_.find(joined.value());
  if (entry == nullptr) entry = open_unknown(joined.value(), client, result);
  if (entry == nullptr) return result;
  if (now_s >= entry->valid_until_s) judge_age(*entry, now_s);
  const bool revoked = is_revoked(*entry);
  const bool is_outdated = entry->outdated && entry->outdated->load(std::memory_order_relaxed);
  if (revoked || is_outdated || entry->age == SessionAge::expired) {
    if (revoked)
      result.ended_at_ms = proof_needed_since_ms(realm_, entry->opened->session);
    else
      result = ask_store_again(*entry, result.pieces, now_s);
    cache_.erase(joined.value());
    return result;
  }
  SessionLookup found = result_of(*entry, result.pieces);
  found.may_have_loop_marker = joined.has_other;
  return found;
}

// A browser sends a cookie that does not open any more with everything it asks for: that costs a look-up, and counts
// once.
CachedSession* SessionCookie::open_unknown(std::string_view value, std::string_view client, SessionLookup& result) {
  if (unreadable_.has(value)) return nullptr;
  if (!realm_.strangers.may_try(client)) {
    result.is_refused = true;
    return nullptr;
  }
  CachedSession* entry = open(value, result);
  if (entry != nullptr || !result.to_load.empty()) return entry;
  unreadable_.put(value);
  realm_.strangers.was_false(client);
  return nullptr;
}

// A copy in memory does not know of use elsewhere: only the store can say that nobody used the session.
SessionLookup SessionCookie::ask_store_again(const CachedSession& old, std::size_t pieces, std::int64_t now_s) const {
  SessionLookup result;
  result.pieces = pieces;
  result.expired = old.opened;
  const Session& session = old.opened->session;
  if (!has_store() || now_s >= session_ends_at_s(session, realm_.settings->session)) return result;
  result.to_load = session.store_handle;
  result.loads_with_first_secret = old.with_first_secret;
  result.secret = old.opened->secret;
  return result;
}

std::string SessionCookie::value_of(const Fields& fields) const {
  return std::string(join_cookie_pieces(names_.session, fields).value());
}

CachedSession* SessionCookie::open(std::string_view value, SessionLookup& result) {
  CachedSession entry;
  std::size_t place = 0;
  const std::optional<std::string> bytes = keyring_->session_sealer.open(names_.session, value, &place);
  if (!bytes) return nullptr;
  entry.with_first_secret = place == 0;
  result.secret = keyring_->secret_ids[place];
  if (has_store()) {
    if (decode_session_handle(*bytes)) result.to_load = Secret(*bytes);
    result.loads_with_first_secret = entry.with_first_secret;
    return nullptr;
  }
  Result<Session> session = decode_session(*bytes);
  if (!session) return nullptr;
  entry.cookie = value;
  entry.opened = prepare(std::move(*session), result.secret);
  return &cache_.insert(std::move(entry));
}

SessionLookup SessionCookie::adopt(std::string cookie, SecretId secret, Session session, std::int64_t now_s) {
  CachedSession entry;
  entry.cookie = std::move(cookie);
  entry.opened = prepare(std::move(session), secret);
  entry.is_ahead_of_cookie = true;
  return adopt_entry(std::move(entry), now_s);
}

SessionLookup SessionCookie::adopt_loaded(std::string cookie, SecretId secret, Session session, bool with_first_secret,
                                          std::int64_t now_s) {
  CachedSession entry;
  entry.cookie = std::move(cookie);
  entry.opened = prepare(std::move(session), secret);
  entry.with_first_secret = with_first_secret;
  return adopt_entry(std::move(entry), now_s);
}

// Whoever waited may bring a cookie whose secret has left the ring meanwhile: cache_ holds nothing of such.
SessionLookup SessionCookie::adopt_entry(CachedSession entry, std::int64_t now_s) {
  follow_keyring();
  judge_age(entry, now_s);
  SessionLookup over;
  if (!holds(entry.opened->secret)) return over;
  if (is_revoked(entry)) {
    over.ended_at_ms = proof_needed_since_ms(realm_, entry.opened->session);
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

std::optional<SessionToStore> SessionCookie::to_store(Session session, std::int64_t now_s) const {
  if (!has_store()) return std::nullopt;
  session.sealed_at_s = now_s;
  return record_of(session, *realm_.settings, now_s);
}

std::vector<std::string> SessionCookie::renew(const Fields& fields, Session session, const SessionLookup& from,
                                              std::int64_t now_s) {
  const std::shared_ptr<const Keyring> ring = realm_.keyring();
  if (!ring->holds(from.secret)) return {};
  if (!has_store()) return write_under(*ring, std::move(session), from.pieces, now_s);
  session.sealed_at_s = now_s;
  std::shared_ptr<std::atomic<bool>> outdated;
  if (realm_.stored) {
    SessionToStore record = *to_store(session, now_s);
    record.outdated = outdated = std::make_shared<std::atomic<bool>>(false);
    record.with_this_use = [settings = realm_.settings, handle = session.store_handle, now_s](const auto& newer) {
      return used_at(newer, handle, *settings, now_s);
    };
    realm_.proven.put(record.handle_hash, record.sealed, record.generation);
    realm_.stored->save_later(std::move(record));
  }
  realm_.generations.wrote(session.id, session.generation, now_s);
  const std::string cookie = value_of(fields);
  (void)adopt_loaded(cookie, from.secret, session, true, now_s);
  if (CachedSession* entry = cache_.find(cookie)) entry->outdated = std::move(outdated);
  if (from.loads_with_first_secret) return {};
  return write_under(*ring, std::move(session), from.pieces, now_s);
}

// What this worker holds of the session in `from`, where that is still what the cookie stands for.
CachedSession* SessionCookie::cached(const Fields& fields, const SessionLookup& from) {
  if (keyring_->generation != realm_.keyring_generation()) return nullptr;
  CachedSession* entry = cache_.find(join_cookie_pieces(names_.session, fields).value());
  return entry != nullptr && entry->opened == from.opened ? entry : nullptr;
}

std::vector<std::string> SessionCookie::renew(const Fields& fields, const SessionLookup& from, std::int64_t now_s) {
  CachedSession* entry = has_store() ? nullptr : cached(fields, from);  // with a store nothing is due any more
  const bool is_at_hand = entry != nullptr && !entry->renewed.empty() && entry->renewed_over_pieces == from.pieces &&
                          now_s >= entry->renewed_at_s && now_s < entry->renewed_at_s + renewed_for_s(*realm_.settings);
  if (is_at_hand) return entry->renewed;
  Session session = from.opened->session;
  ++session.generation;
  std::vector<std::string> lines = renew(fields, std::move(session), from, now_s);
  if (entry != nullptr) {
    entry->renewed = lines;
    entry->renewed_at_s = now_s;
    entry->renewed_over_pieces = from.pieces;
  }
  return lines;
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

std::shared_ptr<const OpenedSession> SessionCookie::prepare(Session session, SecretId secret) const {
  auto opened = std::make_shared<OpenedSession>();
  // What the configuration believed when the session was sealed counts no more.
  if (!realm_.settings->session.kept_items.empty()) drop_other_items(*session.claims, realm_.settings->session);
  opened->secret = secret;
  opened->revocation_keys = revocation_keys(realm_.settings->realm, session.id, session.sid, session.sub,
                                            session_record_name(session.store_handle));
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
  return write_under(*realm_.keyring(), std::move(session), pieces_before, now_s);
}

std::vector<std::string> SessionCookie::write_under(const Keyring& ring, Session session, std::size_t pieces_before,
                                                    std::int64_t now_s) const {
  session.sealed_at_s = now_s;
  const std::int64_t max_age_s = session_ends_at_s(session, realm_.settings->session) - now_s;
  std::string bytes = encode_session(session);
  if (max_age_s <= 0 || bytes.size() > kMaxSessionBytes) return {};
  if (has_store()) bytes = session.store_handle.reveal();
  realm_.generations.wrote(session.id, session.generation, now_s);
  const std::string sealed = ring.session_sealer.seal(names_.session, bytes, random_bytes(kXaesNonceBytes));
  return set_cookie_pieces(names_.session, sealed, session_attributes(max_age_s), pieces_before);
}

std::vector<std::string> SessionCookie::remove(std::size_t pieces) const {
  return delete_cookie_pieces(names_.session, session_attributes(0), pieces);
}

std::vector<std::string> SessionCookie::remove_earlier(const Fields& fields) const {
  std::vector<std::string> lines;
  for (const CookieSettings& earlier : earlier_cookies(realm_.settings->session.cookie)) {
    const std::string name = cookie_names(earlier, realm_.settings->realm, https_).session;
    const CookieAttributes attributes = common_attributes(earlier, https_, earlier.domain, 0);
    const std::size_t pieces = join_cookie_pieces(name, fields).pieces;
    for (std::string& line : delete_cookie_pieces(name, attributes, pieces)) lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> SessionCookie::write_pending(const PendingSignIn& pending) const {
  const std::string name = pending_cookie_name(names_.pending_prefix, pending.state.reveal());
  const std::string sealed =
      realm_.keyring()->pending_sealer.seal(name, encode_pending(pending), random_bytes(kXaesNonceBytes));
  return set_cookie_pieces(name, sealed, pending_attributes(), 0);
}

std::vector<std::string> SessionCookie::remove_pending(const Fields& fields,
                                                       const std::vector<std::string>& names) const {
  std::vector<std::string> lines;
  for (const std::string& name : names) {
    const std::size_t pieces = std::max<std::size_t>(join_cookie_pieces(name, fields).pieces, 1);
    for (std::string& line : delete_cookie_pieces(name, pending_attributes(), pieces)) lines.push_back(std::move(line));
  }
  return lines;
}

CookieAttributes SessionCookie::session_attributes(std::int64_t max_age_s) const {
  const CookieSettings& cookie = realm_.settings->session.cookie;
  CookieAttributes attributes = common_attributes(cookie, https_, cookie.domain, max_age_s);
  attributes.until_closed = cookie.lifetime == CookieLifetime::browser;
  return attributes;
}

CookieAttributes SessionCookie::pending_attributes() const {
  return common_attributes(realm_.settings->session.cookie, https_, attempt_cookie_domain(*realm_.settings),
                           kPendingLifetimeS);
}

}  // namespace lp
