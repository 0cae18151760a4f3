#include "proxy/http/collected_body.h"

#include <doctest/doctest.h>

using namespace lp;

TEST_CASE("a collected body takes what fits its limit, and nothing of what does not") {
  CollectedBody body;
  body.begin(10);
  body.append("12345");
  CHECK_FALSE(body.has_room_for(6));
  CHECK(body.has_room_for(5));
  body.append("67890");
  CHECK_FALSE(body.has_room_for(1));
  body.append("");
  CHECK(body.bytes() == "1234567890");
  body.begin(3);
  CHECK(body.bytes().empty());
  CHECK_FALSE(body.has_room_for(4));
}

TEST_CASE("a collected body in many pieces is their sum") {
  CollectedBody body;
  body.begin(100'000);
  std::string sum;
  for (int i = 0; sum.size() < 99'000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26));
    REQUIRE(body.has_room_for(piece.size()));
    body.append(piece);
    sum += piece;
  }
  CHECK(body.bytes() == sum);
  body.wipe();
  CHECK(body.bytes().empty());
  CHECK_MESSAGE(body.memory_with(0) < 100, "the memory is given back");
}

TEST_CASE(
    "a collected body says beforehand what memory it will take: what came, doubled, and never more than its limit") {
  CollectedBody body;
  body.begin(1'000'000);
  CHECK(body.memory_with(16'384) == 16'384);
  body.append(std::string(16'384, 'x'));
  CHECK(body.memory_with(1) >= 32'768);
  body.append(std::string(600'000, 'x'));
  CHECK(body.memory_with(1) == 1'000'000);
}
