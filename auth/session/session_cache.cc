#include "auth/session/session_cache.h"

#include <utility>

namespace lp {

SessionCache::SessionCache(std::size_t max_entries, std::size_t max_bytes)
    : max_entries_(max_entries), max_bytes_(max_bytes) {}

CachedSession* SessionCache::find(std::string_view cookie) {
  const auto found = index_.find(cookie);
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &*found->second;
}

CachedSession& SessionCache::insert(CachedSession entry) {
  erase(entry.cookie);
  entries_.push_front(std::move(entry));
  bytes_ += entries_.front().cookie.size();
  index_.emplace(entries_.front().cookie, entries_.begin());
  while (index_.size() > 1 && (index_.size() > max_entries_ || bytes_ > max_bytes_)) forget(std::prev(entries_.end()));
  return entries_.front();
}

void SessionCache::erase(std::string_view cookie) {
  const auto found = index_.find(cookie);
  if (found != index_.end()) forget(found->second);
}

void SessionCache::clear() {
  index_.clear();
  entries_.clear();
  bytes_ = 0;
}

void SessionCache::forget(Entries::iterator entry) {
  bytes_ -= entry->cookie.size();
  index_.erase(entry->cookie);
  entries_.erase(entry);
}

}  // namespace lp
