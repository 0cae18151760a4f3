#include "proxy/http2/abuse_budget.h"

#include <algorithm>

namespace lp {

// A page of a hundred pictures that is left while it loads costs 200; who did it on purpose gets a few hundred
// requests.
std::int64_t AbuseBudget::cost_of(Act act) {
  switch (act) {
    case Act::ping:
    case Act::priority:
    case Act::window_update:
    case Act::empty_data:
    case Act::tiny_window:
      return 1;
    case Act::reset:
      return 2;
    case Act::settings:
    case Act::refused_stream:
      return 5;
    case Act::violation:
      return 10;
    case Act::bomb:
      break;
  }
  return kTokens + 1;
}

void AbuseBudget::fill(std::int64_t now_ms) {
  const std::int64_t tokens = std::max<std::int64_t>(now_ms - filled_ms_, 0) * kTokensPerSecond / 1000;
  if (tokens == 0) return;
  tokens_ = std::min(tokens_ + tokens, kTokens);
  filled_ms_ = now_ms;
}

bool AbuseBudget::spend(Act act, std::int64_t now_ms) {
  const bool may_be_earned = act == Act::window_update || act == Act::priority;
  if (may_be_earned && earned_ > 0) {
    --earned_;
    return !used_up_;
  }
  fill(now_ms);
  tokens_ -= cost_of(act);
  used_up_ = used_up_ || tokens_ < 0;
  return !used_up_;
}

}  // namespace lp
