#include "auth/cookie_generations.h"

#include <algorithm>

namespace lp {

void CookieGenerations::wrote(std::string_view session_id, std::uint64_t generation, std::int64_t now_s) {
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = latest_.try_emplace(std::string(session_id));
  entry->second.generation = std::max(entry->second.generation, generation);
  entry->second.written_at_s = std::max(entry->second.written_at_s, now_s);
  if (!is_new) return;
  oldest_first_.push_back(entry->first);
  if (oldest_first_.size() <= max_sessions_) return;
  latest_.erase(oldest_first_.front());
  oldest_first_.pop_front();
}

bool CookieGenerations::is_stale(std::string_view session_id, std::uint64_t generation) const {
  const std::lock_guard lock(mutex_);
  const auto entry = latest_.find(std::string(session_id));
  return entry != latest_.end() && entry->second.generation > generation;
}

std::int64_t CookieGenerations::last_written_at_s(std::string_view session_id) const {
  const std::lock_guard lock(mutex_);
  const auto entry = latest_.find(std::string(session_id));
  return entry == latest_.end() ? 0 : entry->second.written_at_s;
}

}  // namespace lp
