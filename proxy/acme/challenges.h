#pragma once
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace lp {

// What authorities are about to ask, and the answers; in memory alone. Any thread: the main one writes, workers read.
class AcmeChallenges {
 public:
  // False for what is no challenge, or one too many.
  [[nodiscard]] bool put(std::string_view token, std::string_view key_authorization);
  void take_out(std::string_view token);
  void clear();
  [[nodiscard]] bool is_empty() const { return count_.load(std::memory_order_relaxed) == 0; }
  // The key authorization; empty: nobody has this token now.
  [[nodiscard]] std::string find(std::string_view token) const;

 private:
  static constexpr std::size_t kMost = 64;
  mutable std::mutex mutex_;  // guards answers_
  std::map<std::string, std::string, std::less<>> answers_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace lp
