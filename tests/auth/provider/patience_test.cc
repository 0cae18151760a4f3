#include "auth/provider/patience.h"

#include <doctest/doctest.h>

using namespace lp;

TEST_CASE("after a failure it is tried again soon, then less often, with jitter, and not for long") {
  Patience patience;
  std::int64_t now_ms = 1'000'000;
  const std::int64_t began_ms = now_ms;
  std::int64_t last_ms = 0;
  for (int repeat = 0; repeat < Patience::kRepeats; ++repeat) {
    CAPTURE(repeat);
    const auto wait_ms = patience.after_failure(now_ms, now_ms, repeat % 2 == 0 ? 0.0 : 1.0);
    REQUIRE(wait_ms);
    CHECK(*wait_ms >= 100);
    CHECK(*wait_ms <= 800);
    now_ms += *wait_ms;
    last_ms = *wait_ms;
  }
  CHECK(last_ms == 400);
  CHECK(now_ms - began_ms <= Patience::kMs);
  CHECK_FALSE(patience.after_failure(now_ms, now_ms, 1.0));
  CHECK(patience.is_tried(now_ms));
}

TEST_CASE("a call that took longer than all patience is repeated once") {
  Patience patience;
  CHECK(patience.after_failure(0, 10'000, 0.5));
  CHECK_FALSE(patience.after_failure(10'200, 20'200, 0.5));
}

TEST_CASE("patience begins anew after a success and after a long while") {
  Patience patience;
  for (int i = 0; i <= Patience::kRepeats; ++i) (void)patience.after_failure(0, 0, 0);
  CHECK_FALSE(patience.after_failure(0, 0, 0));
  CHECK_FALSE(patience.after_failure(29'000, 29'000, 0));
  CHECK(patience.after_failure(60'000, 60'000, 0));
  patience.succeeded();
  CHECK_FALSE(patience.is_tried(60'000));
  CHECK(patience.after_failure(60'001, 60'001, 0));
}

TEST_CASE("who has given up has none until a success") {
  Patience patience;
  CHECK_FALSE(patience.is_exhausted(0));
  patience.give_up(0);
  CHECK(patience.is_exhausted(0));
  CHECK_FALSE(patience.after_failure(0, 0, 0));
  patience.succeeded();
  CHECK_FALSE(patience.is_exhausted(0));
}
