#pragma once
#include <cstdint>

namespace lp {

// What a client may ask for on one connection of HTTP/2 that costs us more than it costs it, beyond what its requests
// bring with them: frames that carry nothing, resets, violations. nghttp2 counts a part of it only
// (docs/decisions/0065-http2-to-clients.md). A bucket of tokens that fills again with time. Pure.
class AbuseBudget {
 public:
  enum class Act : std::uint8_t {
    ping,
    settings,
    priority,
    window_update,  // that nothing sent had earned
    empty_data,
    tiny_window,     // let us send next to nothing, and more was there
    reset,           // by the client, of what it had asked for and not got
    violation,       // of a stream's rules: answered with a reset of ours
    refused_stream,  // beyond the limit that it was told
    bomb,            // fields without end: all at once
  };
  static constexpr std::int64_t kTokens = 1'000;
  static constexpr std::int64_t kTokensPerSecond = 33;

  explicit AbuseBudget(std::int64_t now_ms) : filled_ms_(now_ms) {}

  // A request, a frame of its answer: each earns the right to a few frames about them.
  void request_came() { earn(kFramesPerRequest); }
  void data_sent() { earn(kFramesPerData); }

  // False: it is used up. That stays so.
  [[nodiscard]] bool spend(Act act, std::int64_t now_ms);
  [[nodiscard]] bool is_used_up() const { return used_up_; }

 private:
  static constexpr std::int64_t kFramesPerRequest = 4;
  static constexpr std::int64_t kFramesPerData = 2;
  static constexpr std::int64_t kMostEarned = 4'000;
  [[nodiscard]] static std::int64_t cost_of(Act act);
  void earn(std::int64_t frames) { earned_ = earned_ + frames < kMostEarned ? earned_ + frames : kMostEarned; }
  void fill(std::int64_t now_ms);

  std::int64_t tokens_ = kTokens;
  std::int64_t filled_ms_;
  std::int64_t earned_ = 8;
  bool used_up_ = false;
};

}  // namespace lp
