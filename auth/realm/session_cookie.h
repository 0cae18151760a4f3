#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cookies/cookie_names.h"
#include "auth/cookies/cookie_pieces.h"
#include "auth/oidc/pending_sign_in.h"
#include "auth/realm/app_header_maker.h"
#include "auth/realm/realm.h"
#include "auth/realm/stored_sessions.h"
#include "auth/session/opened_session.h"
#include "auth/session/session_cache.h"
#include "auth/session/session_times.h"
#include "auth/session/unreadable_cookies.h"
#include "base/http_message.h"

// Our cookies on one worker, under external URLs of one scheme: opening and writing sessions, setting and deleting
// pending sign-ins. Not thread-safe.
namespace lp {

// What the request's session cookie says.
struct SessionLookup {
  std::shared_ptr<const OpenedSession> opened;   // null: signed out, for whatever reason
  std::shared_ptr<const OpenedSession> expired;  // authentic and not revoked, but too old: nobody passes with it
  // When an authentic session ended that is neither: by a record, or in the store, where the time is not known and this
  // is when it was asked. 0: there is none.
  std::int64_t ended_at_ms = 0;
  SessionAge age = SessionAge::expired;
  bool write_again = false;                // aged, refreshed, or sealed under a secret that is not the first any more
  std::int64_t refresh_not_before_ms = 0;  // monotonic
  std::size_t pieces = 0;                  // cookies that the browser holds, readable or not
  // Sessions in a store: the cookie is authentic, and this handle in it names the session, which is not here yet, or no
  // copy that is new enough to say whether it has idled out.
  Secret to_load;
  // The same where the store was asked and did not give the session (auth/visit/load_first.h); else null.
  std::shared_ptr<const Secret> not_loaded;
  bool is_refused = false;     // nobody has looked at it: this address has brought too many false ones
  bool is_store_away = false;  // because it gave no answer
  bool loads_with_first_secret = true;
  SecretId secret = kNoSecret;       // that the cookie opened under
  bool may_have_loop_marker = true;  // false: it was looked for among the cookies, and did not come (auth/loops)
  [[nodiscard]] bool is_unreadable() const { return opened == nullptr && pieces > 0; }
};

class SessionCookie {
 public:
  // `realm` must outlive it.
  SessionCookie(Realm& realm, bool https);

  // Everything below goes by the ring of secrets as it was at the last call: before each judging, also after a wait.
  void follow_keyring();
  // `client` as in StrangerLimits: cookies that do not open count, each once.
  [[nodiscard]] SessionLookup look_up(const Fields& fields, std::int64_t now_s, std::string_view client = {});
  // Whether a cookie that opened under this secret would still open.
  [[nodiscard]] bool holds(SecretId secret) const { return keyring_->holds(secret); }
  // The session cookie's value, its pieces joined; empty where there is none.
  [[nodiscard]] std::string value_of(const Fields& fields) const;
  // What this cookie, which opened under `secret`, stands for from now on, on this worker: a session that is newer than
  // the cookie says. Signed out where the secret has left the ring meanwhile; follows the ring.
  SessionLookup adopt(std::string cookie, SecretId secret, Session session, std::int64_t now_s);
  // What the store says that it stands for.
  SessionLookup adopt_loaded(std::string cookie, SecretId secret, Session session, bool with_first_secret,
                             std::int64_t now_s);
  // Where sessions are in a store: gives a new session its handle. Before write().
  void give_handle(Session& session) const;
  [[nodiscard]] std::optional<SessionToStore> to_store(Session session, std::int64_t now_s) const;
  // Use goes on: the session idles from now on, unless the secret of the cookie in `from` has just left the ring. The
  // cookie is written again, or where sessions are in a store the record, in the background; then there is mostly
  // nothing to set.
  [[nodiscard]] std::vector<std::string> renew(const Fields& fields, Session session, const SessionLookup& from,
                                               std::int64_t now_s);
  // The same of the session in `from` as it is, which is one generation on then. Who keeps sending a cookie that is due
  // gets the one new cookie for a while (renewed_for_s()): sealing costs as much as two requests.
  [[nodiscard]] std::vector<std::string> renew(const Fields& fields, const SessionLookup& from, std::int64_t now_s);
  // What the app of `route` is told; null: nothing. `session` is null where nobody is signed in, else one of this
  // worker.
  [[nodiscard]] std::shared_ptr<const AppHeaders> headers_for_app(const OpenedSession* session,
                                                                  const RouteSettings& route,
                                                                  const AppRequest& request);
  void postpone_refresh(std::string_view cookie, std::int64_t not_before_ms);
  void forget(std::string_view cookie) { cache_.erase(cookie); }
  // True for the Set-Cookie value of a session's cookie, first piece or other.
  [[nodiscard]] bool is_session_cookie(std::string_view set_cookie) const;
  // Set-Cookie values; `session` is sealed as of now. Empty when it does not fit into kMaxCookiePieces.
  [[nodiscard]] std::vector<std::string> write(Session session, std::size_t pieces_before, std::int64_t now_s) const;
  [[nodiscard]] std::vector<std::string> remove(std::size_t pieces) const;
  // Deletions of session cookies that an earlier configuration left (earlier_cookies()), or, with a cookie domain,
  // whoever can write cookies for this host. Those of now are not touched.
  [[nodiscard]] std::vector<std::string> remove_earlier(const Fields& fields) const;

  // Set-Cookie value; empty when it is too long for a cookie.
  // Empty where it needs more than kMaxCookiePieces.
  [[nodiscard]] std::vector<std::string> write_pending(const PendingSignIn& pending) const;
  // With all the pieces that the browser sent.
  [[nodiscard]] std::vector<std::string> remove_pending(const Fields& fields,
                                                        const std::vector<std::string>& names) const;

  [[nodiscard]] const CookieNames& names() const { return names_; }

 private:
  [[nodiscard]] std::vector<std::string> write_under(const Keyring& ring, Session session, std::size_t pieces_before,
                                                     std::int64_t now_s) const;
  [[nodiscard]] bool has_store() const { return realm_.settings->session.store == SessionStore::redis; }
  [[nodiscard]] CachedSession* open_unknown(std::string_view value, std::string_view client, SessionLookup& result);
  [[nodiscard]] CachedSession* open(std::string_view value, SessionLookup& result);
  [[nodiscard]] SessionLookup adopt_entry(CachedSession entry, std::int64_t now_s);
  [[nodiscard]] CachedSession* cached(const Fields& fields, const SessionLookup& from);
  [[nodiscard]] bool is_revoked(CachedSession& entry) const;
  [[nodiscard]] std::shared_ptr<const OpenedSession> prepare(Session session, SecretId secret) const;
  [[nodiscard]] SessionLookup ask_store_again(const CachedSession& idle, std::size_t pieces, std::int64_t now_s) const;
  void judge_age(CachedSession& entry, std::int64_t now_s) const;
  [[nodiscard]] CookieAttributes session_attributes(std::int64_t max_age_s) const;
  [[nodiscard]] CookieAttributes pending_attributes() const;

  Realm& realm_;
  bool https_;
  CookieNames names_;
  std::shared_ptr<const Keyring> keyring_;  // that everything in cache_ was opened under
  SessionCache cache_;
  UnreadableCookies unreadable_;  // under keyring_
  AppHeaderMaker app_headers_;
};

}  // namespace lp
