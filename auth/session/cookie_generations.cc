#include "auth/session/cookie_generations.h"

#include <algorithm>

namespace lp {

void CookieGenerations::wrote(std::string_view session_id, std::uint64_t generation, std::int64_t now_s) {
  const std::lock_guard lock(mutex_);
  Latest& entry = latest(session_id);
  entry.generation = std::max(entry.generation, generation);
  entry.written_at_s = std::max(entry.written_at_s, now_s);
}

void CookieGenerations::superseded(std::string_view session_id, std::int64_t now_s) {
  const std::lock_guard lock(mutex_);
  latest(session_id).superseded_until_s = now_s + kSlowestAnswerS;
}

bool CookieGenerations::is_stale(std::string_view session_id, std::uint64_t generation, std::int64_t now_s) const {
  const std::lock_guard lock(mutex_);
  const auto entry = latest_.find(std::string(session_id));
  if (entry == latest_.end()) return false;
  return entry->second.generation > generation || now_s < entry->second.superseded_until_s;
}

CookieGenerations::Latest& CookieGenerations::latest(std::string_view session_id) {
  const auto [entry, is_new] = latest_.try_emplace(std::string(session_id));
  if (!is_new) return entry->second;
  oldest_first_.push_back(entry->first);
  if (oldest_first_.size() <= max_sessions_) return entry->second;
  latest_.erase(oldest_first_.front());
  oldest_first_.pop_front();
  return latest_.at(std::string(session_id));
}

std::int64_t CookieGenerations::last_written_at_s(std::string_view session_id) const {
  const std::lock_guard lock(mutex_);
  const auto entry = latest_.find(std::string(session_id));
  return entry == latest_.end() ? 0 : entry->second.written_at_s;
}

}  // namespace lp
