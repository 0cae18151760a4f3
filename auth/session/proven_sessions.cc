#include "auth/session/proven_sessions.h"

#include <iterator>
#include <utility>

namespace lp {

void ProvenSessions::put(std::string_view handle_hash, std::string sealed, std::uint64_t generation) {
  const std::lock_guard lock(mutex_);
  if (const auto known = index_.find(handle_hash); known != index_.end()) {
    if (known->second->generation > generation) return;
    forget(known->second);
  }
  entries_.push_front({std::string(handle_hash), std::move(sealed), generation});
  bytes_ += entries_.front().hash.size() + entries_.front().sealed.size();
  index_.emplace(entries_.front().hash, entries_.begin());
  while (bytes_ > max_bytes_ && entries_.size() > 1) forget(std::prev(entries_.end()));
}

std::optional<std::string> ProvenSessions::find(std::string_view handle_hash) const {
  const std::lock_guard lock(mutex_);
  const auto known = index_.find(handle_hash);
  return known == index_.end() ? std::nullopt : std::optional(known->second->sealed);
}

void ProvenSessions::erase(std::string_view handle_hash) {
  const std::lock_guard lock(mutex_);
  if (const auto known = index_.find(handle_hash); known != index_.end()) forget(known->second);
}

void ProvenSessions::forget(Entries::iterator entry) {
  bytes_ -= entry->hash.size() + entry->sealed.size();
  index_.erase(entry->hash);
  entries_.erase(entry);
}

}  // namespace lp
