#include "base/result.h"

#include <doctest/doctest.h>

TEST_CASE("a result holds a value or the reason why there is none") {
  const lp::Result<int> good = 7;
  const lp::Result<int> bad = lp::fail("too small");
  CHECK(good.ok());
  CHECK(*good == 7);
  CHECK_FALSE(bad.ok());
  CHECK(bad.error().message == "too small");
}

TEST_CASE("a result without value is good until it holds an error") {
  CHECK(lp::Result<void>{}.ok());
  CHECK_FALSE(lp::Result<void>{lp::fail("no")}.ok());
}
