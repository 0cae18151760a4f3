#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/session/opened_session.h"
#include "auth/session/session_times.h"

// Sessions that this worker has opened before, by the bytes of their cookie: a warm request neither decrypts nor
// parses. Bounded, the least recently used goes first. Only what opened is kept, so nobody can fill it with made-up
// cookies. One per worker and cookie name; not thread-safe.
namespace lp {

struct CachedSession {
  std::string cookie;  // the key
  std::shared_ptr<const OpenedSession> opened;
  bool with_first_secret = true;
  // What session_age() and wants_reseal() say until the clock reaches valid_until_s.
  SessionAge age = SessionAge::fresh;
  bool wants_reseal = false;
  std::int64_t valid_until_s = 0;
  // Not revoked as of this version of the store.
  std::uint64_t unrevoked_at_version = 0;
  std::shared_ptr<const std::atomic<bool>> outdated{};  // SessionToStore::outdated of its last save; null: none
  bool is_ahead_of_cookie = false;  // a refresh has made more of it than the cookie says: the cookie is written again
  std::int64_t refresh_not_before_ms = 0;  // monotonic: a refresh in the background has failed
  // Set-Cookie values of the session as it is now, for a client that keeps sending the old cookie. Empty: none yet.
  std::vector<std::string> renewed{};
  std::int64_t renewed_at_s = 0;
  std::size_t renewed_over_pieces = 0;  // that the client held
};

class SessionCache {
 public:
  explicit SessionCache(std::size_t max_entries = 4096, std::size_t max_bytes = std::size_t{16} << 20);

  // Null when unknown. The entry stays valid until the next call.
  [[nodiscard]] CachedSession* find(std::string_view cookie);
  CachedSession& insert(CachedSession entry);
  void erase(std::string_view cookie);
  void clear();
  [[nodiscard]] std::size_t size() const { return index_.size(); }

 private:
  using Entries = std::list<CachedSession>;
  // The end alone, which is the tag of what sealed the cookie: as good as a hash of all of it, which would cost more
  // than all else that is done with a warm session.
  struct HashOfEnd {
    std::size_t operator()(std::string_view cookie) const {
      std::size_t end = 0;
      const std::size_t bytes = std::min(cookie.size(), sizeof end);
      std::memcpy(&end, cookie.data() + cookie.size() - bytes, bytes);
      return end;
    }
  };
  void forget(Entries::iterator entry);

  std::size_t max_entries_;
  std::size_t max_bytes_;  // of cookies; what is opened from them is of the same order
  std::size_t bytes_ = 0;
  Entries entries_;                                                           // most recently used first
  std::unordered_map<std::string_view, Entries::iterator, HashOfEnd> index_;  // keys are views into the entries
};

}  // namespace lp
