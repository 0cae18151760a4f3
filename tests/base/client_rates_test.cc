#include "base/client_rates.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;

namespace {
int taken(ClientRates& rates, std::string_view client, std::int64_t now_ms, int tries) {
  int got = 0;
  for (int i = 0; i < tries; ++i) got += rates.take(client, now_ms) ? 1 : 0;
  return got;
}
}  // namespace

TEST_CASE("ten seconds' worth at once, and then so many a second") {
  ClientRates rates(5);
  CHECK(taken(rates, "192.0.2.1", 1'000'000, 100) == 50);
  CHECK_FALSE(rates.has_left("192.0.2.1", 1'000'000));
  CHECK(taken(rates, "192.0.2.1", 1'000'199, 100) == 0);
  CHECK(taken(rates, "192.0.2.1", 1'000'200, 100) == 1);
  CHECK(taken(rates, "192.0.2.1", 1'002'200, 100) == 10);
  CHECK(taken(rates, "192.0.2.1", 2'000'000, 100) == 50);
}

TEST_CASE("each address for itself, IPv6 by its /64") {
  ClientRates rates(1);
  CHECK(taken(rates, "192.0.2.1", 5000, 100) == 10);
  CHECK(taken(rates, "192.0.2.2", 5000, 100) == 10);
  CHECK(taken(rates, "::ffff:192.0.2.1", 5000, 100) == 0);
  CHECK(taken(rates, "2001:db8::1", 5000, 7) == 7);
  CHECK(taken(rates, "2001:db8::2", 5000, 100) == 3);
  CHECK(taken(rates, "2001:db8:0:1::1", 5000, 100) == 10);
}

TEST_CASE("looking takes nothing") {
  ClientRates rates(1);
  for (int i = 0; i < 100; ++i) CHECK(rates.has_left("192.0.2.1", 5000));
  CHECK(taken(rates, "192.0.2.1", 5000, 100) == 10);
}

TEST_CASE("without a limit nothing is counted") {
  ClientRates rates(ClientRates::kUnlimited);
  CHECK(rates.is_unlimited());
  CHECK(taken(rates, "192.0.2.1", 0, 100'000) == 100'000);
}

TEST_CASE("a hundred thousand addresses: nobody is refused for others, and who does most is remembered") {
  ClientRates rates(1);
  REQUIRE(taken(rates, "192.0.2.1", 5000, 100) == 10);
  int refused = 0;
  for (int i = 0; i < 100'000; ++i)
    refused += rates.take("10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
                              std::to_string(i % 256),
                          5000)
                   ? 0
                   : 1;
  CHECK(refused == 0);
  CHECK_FALSE(rates.has_left("192.0.2.1", 5000));
}
