#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lp {

// Which generation of each session's cookie was written last by this process, so that a slow answer, judged long ago,
// does not put an older cookie over a newer one. Bounded: of sessions forgotten first nothing is known, and an older
// cookie in the browser is then as good as it was before. Any thread.
class CookieGenerations {
 public:
  static constexpr std::int64_t kSlowestAnswerS = 300;

  explicit CookieGenerations(std::size_t max_sessions = 65'536) : max_sessions_(max_sessions) {}

  void wrote(std::string_view session_id, std::uint64_t generation, std::int64_t now_s);
  // Another session has taken this one's place in its browser: no answer under way may write its cookies any more. Only
  // for kSlowestAnswerS, for a browser that never got the new cookie goes on with this session.
  void superseded(std::string_view session_id, std::int64_t now_s);
  [[nodiscard]] bool is_stale(std::string_view session_id, std::uint64_t generation, std::int64_t now_s) const;
  // When a cookie of this session was written last; 0: unknown.
  [[nodiscard]] std::int64_t last_written_at_s(std::string_view session_id) const;

 private:
  std::size_t max_sessions_;
  mutable std::mutex mutex_;  // guards all below
  struct Latest {
    std::uint64_t generation = 0;
    std::int64_t written_at_s = 0;
    std::int64_t superseded_until_s = 0;
  };
  Latest& latest(std::string_view session_id);

  std::unordered_map<std::string, Latest> latest_;
  std::deque<std::string> oldest_first_;
};

}  // namespace lp
