#include "proxy/acme/schedule.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace lp {
namespace {

constexpr std::int64_t kMinuteS = 60;
constexpr std::int64_t kHourS = 60 * kMinuteS;
constexpr std::int64_t kDayS = 24 * kHourS;
constexpr int kDoublings = 7;  // then the most is reached
constexpr std::size_t kMostHosts = 10'000;

std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

std::optional<std::int64_t> number_in(std::string_view word) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool is_one = error == std::errc() && end == word.data() + word.size() && number > 0;
  return is_one ? std::optional(number) : std::nullopt;
}

}  // namespace

std::int64_t renewal_due_s(std::int64_t not_before_s, std::int64_t not_after_s) {
  return not_after_s - std::min(30 * kDayS, std::max<std::int64_t>(0, not_after_s - not_before_s) / 3);
}

std::int64_t wait_after_s(int failures, AcmePatience patience, double chance) {
  const std::int64_t doubled = 5 * kMinuteS << std::clamp(failures - 1, 0, kDoublings);
  const std::int64_t wait = std::min(doubled, 6 * kHourS);
  const auto moved = static_cast<std::int64_t>(static_cast<double>(wait) * (0.75 + chance / 2));
  return patience == AcmePatience::rate_limited ? std::max(moved, kHourS) : moved;
}

FailedTries FailedTries::parse(std::string_view text) {
  FailedTries made;
  while (!text.empty() && made.of_host_.size() < kMostHosts) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string host(take_word(line));
    while (!host.empty() && !line.empty()) {
      if (const auto time = number_in(take_word(line))) made.add(host, *time);
    }
  }
  return made;
}

std::string FailedTries::text() const {
  std::string text;
  for (const auto& [host, times] : of_host_) {
    text += host;
    for (const std::int64_t time : times) text.append(" ").append(std::to_string(time));
    text += "\n";
  }
  return text;
}

void FailedTries::add(const std::string& host, std::int64_t now_s) {
  std::vector<std::int64_t>& times = of_host_[host];
  times.push_back(now_s);
  if (times.size() > kMostInAnHour) times.erase(times.begin());
}

void FailedTries::forget(const std::string& host) { of_host_.erase(host); }

// A time to come is of a clock that was wrong.
std::int64_t FailedTries::may_try_at_s(const std::string& host, std::int64_t now_s) const {
  const auto found = of_host_.find(host);
  if (found == of_host_.end() || found->second.size() < kMostInAnHour) return 0;
  const std::int64_t oldest = found->second.front();
  return oldest <= now_s && now_s - oldest < kHourS ? oldest + kHourS : 0;
}

}  // namespace lp
