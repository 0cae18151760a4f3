#include "proxy/net/descriptors.h"

#include <doctest/doctest.h>

using namespace lp;

TEST_CASE("clients leave some to apps, and both leave some to Logto, Redis and journals") {
  CHECK(descriptors_end(1024, DescriptorUse::client) == 896);
  CHECK(descriptors_end(1024, DescriptorUse::app) == 960);
  CHECK(descriptors_end(80, DescriptorUse::client) == 70);
  CHECK(descriptors_end(80, DescriptorUse::app) == 75);
  CHECK(descriptors_end(1'000'000, DescriptorUse::client) == 1'000'000 - 128);
  CHECK(descriptors_end(6, DescriptorUse::client) == 0);
}
