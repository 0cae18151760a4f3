#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// When a certificate is asked for, and when not. Pure.
namespace lp {

// A month before the end, or where that is more than a third of its life, with the last third.
[[nodiscard]] std::int64_t renewal_due_s(std::int64_t not_before_s, std::int64_t not_after_s);

// Whose fault it was, as far as that says when to ask again.
enum class AcmePatience { ordinary, rate_limited };

// How long to wait after the `failures`th failure in a row, from 1: five minutes, twice as long each time, at most six
// hours, and an hour at least where the authority says that it was too often. `chance`, from 0 up to 1, moves it by up
// to a quarter, so that not all the world asks at once.
[[nodiscard]] std::int64_t wait_after_s(int failures, AcmePatience patience, double chance);

// Which hosts failed when, of the last hour: authorities count failures by the hour (Let's Encrypt: five), and a
// process that is started again and again must not make them faster. So this is kept in a file.
class FailedTries {
 public:
  static constexpr std::size_t kMostInAnHour = 4;
  // What text() has made; what is no such line says nothing.
  [[nodiscard]] static FailedTries parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  void add(const std::string& host, std::int64_t now_s);
  void forget(const std::string& host);
  // 0: now.
  [[nodiscard]] std::int64_t may_try_at_s(const std::string& host, std::int64_t now_s) const;

 private:
  std::map<std::string, std::vector<std::int64_t>> of_host_;  // oldest first
};

}  // namespace lp
