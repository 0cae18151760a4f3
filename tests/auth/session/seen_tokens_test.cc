#include "auth/session/seen_tokens.h"

#include <doctest/doctest.h>

#include <string>

using lp::SeenTokens;

TEST_CASE("a token is new once, until no copy of it would be accepted") {
  SeenTokens seen(10);
  CHECK(seen.first_time("iss\na", 100, 200));
  CHECK_FALSE(seen.first_time("iss\na", 100, 200));
  CHECK_FALSE(seen.first_time("iss\na", 200, 200));
  CHECK_FALSE(seen.first_time("iss\na", 150, 900));  // the same id with a later end is still the same id
  CHECK(seen.first_time("iss\nb", 150, 200));
  CHECK(seen.first_time("other\na", 150, 200));
  CHECK(seen.size() == 3);
  CHECK(seen.first_time("iss\na", 201, 300));
  CHECK(seen.size() == 1);
}

TEST_CASE("a token whose time is over is never new") {
  SeenTokens seen(10);
  CHECK_FALSE(seen.first_time("a", 100, 99));
  CHECK(seen.first_time("a", 100, 100));
  CHECK_FALSE(seen.first_time("a", 100, 100));
}

TEST_CASE("a clock that steps back makes nothing new") {
  SeenTokens seen(10);
  CHECK(seen.first_time("a", 100, 200));
  CHECK_FALSE(seen.first_time("a", 50, 200));
}

TEST_CASE("when full of what may not be forgotten, nothing is new") {
  SeenTokens seen(2);
  CHECK(seen.first_time("a", 100, 200));
  CHECK(seen.first_time("b", 100, 300));
  CHECK_FALSE(seen.first_time("c", 100, 400));
  CHECK(seen.size() == 2);
  CHECK_FALSE(seen.first_time("a", 150, 200));
  CHECK(seen.first_time("c", 201, 400));  // the place of a
  CHECK_FALSE(seen.first_time("a", 201, 400));
  CHECK_FALSE(SeenTokens(0).first_time("a", 100, 200));
}

TEST_CASE("a hundred thousand ids do not get mixed up") {
  SeenTokens seen(200'000);
  for (int i = 0; i < 100'000; ++i) REQUIRE(seen.first_time("jti-" + std::to_string(i), i, i + 100'000));
  for (int i = 0; i < 100'000; i += 97) REQUIRE_FALSE(seen.first_time("jti-" + std::to_string(i), 99'999, 300'000));
}
