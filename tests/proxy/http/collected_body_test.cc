#include "proxy/http/collected_body.h"

#include <doctest/doctest.h>

using namespace lp;

TEST_CASE("a collected body takes what fits its limit, and nothing of what does not") {
  CollectedBody body;
  body.begin(10);
  CHECK(body.append("12345"));
  CHECK_FALSE(body.append("678901"));
  CHECK(body.bytes() == "12345");
  CHECK(body.append("67890"));
  CHECK_FALSE(body.append("x"));
  CHECK(body.append(""));
  CHECK(body.bytes() == "1234567890");
  body.begin(3);
  CHECK(body.bytes().empty());
  CHECK_FALSE(body.append("1234"));
}

TEST_CASE("a collected body in many pieces is their sum") {
  CollectedBody body;
  body.begin(100'000);
  std::string sum;
  for (int i = 0; sum.size() < 99'000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26));
    REQUIRE(body.append(piece));
    sum += piece;
  }
  CHECK(body.bytes() == sum);
  body.wipe();
  CHECK(body.bytes().empty());
}
