#include "base/clock.h"

#include <doctest/doctest.h>

#include <ctime>

TEST_CASE("the system clock tells the time") {
  const lp::SystemClock clock;
  const std::int64_t now_s = std::time(nullptr);
  CHECK(clock.unix_s() >= now_s - 1);
  CHECK(clock.unix_s() <= now_s + 2);
  const std::int64_t before = clock.monotonic_ms();
  CHECK(clock.monotonic_ms() >= before);
}

TEST_CASE("a fake clock stands still until it is moved") {
  lp::FakeClock clock(1'700'000'000'000);
  CHECK(clock.unix_s() == 1'700'000'000);
  clock.advance_ms(2500);
  CHECK(clock.unix_ms() == 1'700'000'002'500);
  CHECK(clock.monotonic_ms() == 2500);
}
