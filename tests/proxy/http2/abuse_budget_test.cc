#include "proxy/http2/abuse_budget.h"

#include <doctest/doctest.h>

using namespace lp;
using Act = AbuseBudget::Act;

namespace {
// How often it can be done without a pause.
std::int64_t times(Act act) {
  AbuseBudget budget(0);
  std::int64_t count = 0;
  while (budget.spend(act, 0)) ++count;
  return count;
}
}  // namespace

TEST_CASE("each kind of frame has its price") {
  CHECK(times(Act::ping) == 1000);
  CHECK(times(Act::reset) == 500);
  CHECK(times(Act::settings) == 200);
  CHECK(times(Act::violation) == 100);
  CHECK(times(Act::bomb) == 0);
}

TEST_CASE("it fills again with time, and once it was used up it stays so") {
  AbuseBudget budget(0);
  for (int i = 0; i < 1000; ++i) REQUIRE(budget.spend(Act::ping, 0));
  for (int i = 0; i < 33; ++i) REQUIRE(budget.spend(Act::ping, 1000));
  CHECK_FALSE(budget.spend(Act::ping, 1000));
  CHECK_FALSE(budget.spend(Act::ping, 1'000'000));
  CHECK(budget.is_used_up());
}

TEST_CASE("a little at a time is for ever") {
  AbuseBudget budget(0);
  for (std::int64_t ms = 0; ms < 600'000; ms += 31) REQUIRE(budget.spend(Act::ping, ms));
}

TEST_CASE("windows are earned by requests and by what was sent") {
  AbuseBudget budget(0);
  for (int i = 0; i < 100'000; ++i) {
    budget.data_sent();
    REQUIRE(budget.spend(Act::window_update, 0));
    REQUIRE(budget.spend(Act::window_update, 0));
  }
  for (int i = 0; i < 100'000; ++i) {
    budget.request_came();
    REQUIRE(budget.spend(Act::priority, 0));
    REQUIRE(budget.spend(Act::window_update, 0));
  }
}
