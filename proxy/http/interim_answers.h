#pragma once
#include <cstdint>

namespace lp {

// How many interim answers (1xx) an app gives to one request, in a row: one at work sends one now and then (threat S25:
// 100,000 of them). Pure.
class InterimAnswers {
 public:
  static constexpr const char* kTooMany = "more interim answers (1xx) than are sensible";

  void begin() { in_a_row_ = 0; }
  // One more, that has been waited for so long. False: too many.
  [[nodiscard]] bool take(std::int64_t waited_ms) {
    in_a_row_ = waited_ms >= kSlowMs ? 1 : in_a_row_ + 1;
    return in_a_row_ <= kMost;
  }

 private:
  static constexpr int kMost = 1000;
  static constexpr std::int64_t kSlowMs = 500;
  int in_a_row_ = 0;
};

}  // namespace lp
