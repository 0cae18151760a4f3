#include "proxy/acme/schedule.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace lp;

namespace {
constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kNow = 1'800'000'000;
}  // namespace

TEST_CASE("a certificate is renewed a month early, and a short one in its last third") {
  struct Row {
    const char* what;
    std::int64_t life, left;
  };
  const Row rows[] = {
      {"Let's Encrypt's 90 days", 90 * kDay, 30 * kDay},
      {"a year", 365 * kDay, 30 * kDay},
      {"45 days", 45 * kDay, 15 * kDay},
      {"six days", 6 * kDay, 2 * kDay},
      {"a minute", 60, 20},
      {"the other way round", -kDay, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(kNow + row.life - renewal_due_s(kNow, kNow + row.life) == row.left);
  }
}

TEST_CASE("waits grow, are moved by chance, and end somewhere") {
  std::int64_t before = 0;
  for (int failures = 1; failures < 100; ++failures) {
    CAPTURE(failures);
    const std::int64_t wait = wait_after_s(failures, AcmePatience::ordinary, 0.5);
    CHECK(wait >= before);
    CHECK(wait <= 6 * kHour);
    CHECK(wait_after_s(failures, AcmePatience::ordinary, 0.0) < wait);
    CHECK(wait_after_s(failures, AcmePatience::ordinary, 0.999) > wait);
    CHECK(wait_after_s(failures, AcmePatience::rate_limited, 0.0) >= kHour);
    before = wait;
  }
  CHECK(wait_after_s(1, AcmePatience::ordinary, 0.5) == 300);
  CHECK(before == 6 * kHour);
}

TEST_CASE("however often it is started again, no host fails more than four times in an hour") {
  FailedTries tries;
  std::vector<std::int64_t> failed;
  for (std::int64_t now = kNow; now < kNow + 3 * kHour;
       now += 10) {  // each time a new process, which waits for nothing
    tries = FailedTries::parse(tries.text());
    if (tries.may_try_at_s("app.test", now) > now) continue;
    tries.add("app.test", now);
    failed.push_back(now);
  }
  for (const std::int64_t begin : failed) {
    const auto within = std::count_if(failed.begin(), failed.end(),
                                      [begin](std::int64_t one) { return one >= begin && one < begin + kHour; });
    CHECK(within <= 4);
  }
  CHECK(failed.size() == 12);
  CHECK(tries.may_try_at_s("other.test", kNow + 3 * kHour) == 0);
  tries.forget("app.test");
  CHECK(tries.may_try_at_s("app.test", kNow + 3 * kHour) == 0);
}

TEST_CASE("a file of tries that is damaged, or from a clock that was wrong, holds nobody up") {
  const std::string damaged[] = {"",
                                 "\n\n",
                                 "app.test",
                                 "app.test x y z w",
                                 " 1 2 3 4",
                                 "app.test -1 -2 -3 -4",
                                 "app.test 99999999999999999999 1 1 1"};
  for (const std::string& text : damaged) {
    CAPTURE(text);
    CHECK(FailedTries::parse(text).may_try_at_s("app.test", kNow) == 0);
  }
  FailedTries tries;
  for (int i = 0; i < 4; ++i) tries.add("app.test", kNow + 100 * kDay);
  CHECK(tries.may_try_at_s("app.test", kNow) == 0);
  for (int i = 0; i < 4; ++i) tries.add("app.test", kNow - i);
  CHECK(FailedTries::parse(tries.text()).text() == tries.text());
}
