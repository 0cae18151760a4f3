#include "auth/realm/stranger_limits.h"

namespace lp {

StrangerLimits::StrangerLimits(const LimitSettings& limits, const Clock& clock, Log& log)
    : clock_(clock), log_(log), costly_(limits.unauthenticated_per_address), public_(limits.public_per_address) {}

bool StrangerLimits::may_try(std::string_view client) {
  if (costly_.is_unlimited() || client.empty() || costly_.has_left(client, clock_.monotonic_ms())) return true;
  tell(client, kCostly);
  return false;
}

void StrangerLimits::was_false(std::string_view client) {
  if (!costly_.is_unlimited() && !client.empty()) costly_.charge(client, clock_.monotonic_ms());
}

bool StrangerLimits::admit(ClientRates& rates, std::string_view client, std::string_view key) {
  if (rates.is_unlimited() || client.empty() || rates.take(client, clock_.monotonic_ms())) return true;
  tell(client, key);
  return false;
}

void StrangerLimits::tell(std::string_view client, std::string_view key) {
  const auto times = notice_.happened(clock_.monotonic_ms());
  if (!times) return;
  log_.warning(
      "a client address asks for more without a session than it may, and is answered 429: raise the limit where many "
      "of "
      "your users share one address, or name it in trusted_proxies if it is a proxy of yours",
      {{"client", client}, {"limit", key}, {"refused", *times}});
}

}  // namespace lp
