#include "proxy/acme/challenges.h"

#include "proxy/acme/token.h"

namespace lp {

bool AcmeChallenges::put(std::string_view token, std::string_view key_authorization) {
  if (!is_key_authorization(key_authorization, token)) return false;
  const std::lock_guard lock(mutex_);
  if (answers_.size() >= kMost && answers_.find(token) == answers_.end()) return false;
  answers_.insert_or_assign(std::string(token), std::string(key_authorization));
  count_.store(answers_.size(), std::memory_order_relaxed);
  return true;
}

void AcmeChallenges::take_out(std::string_view token) {
  const std::lock_guard lock(mutex_);
  if (const auto found = answers_.find(token); found != answers_.end()) answers_.erase(found);
  count_.store(answers_.size(), std::memory_order_relaxed);
}

void AcmeChallenges::clear() {
  const std::lock_guard lock(mutex_);
  answers_.clear();
  count_.store(0, std::memory_order_relaxed);
}

std::string AcmeChallenges::find(std::string_view token) const {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(token);
  return found == answers_.end() ? std::string() : found->second;
}

}  // namespace lp
