#include "base/keyed_hash.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;

namespace {
std::string counted(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text.push_back(static_cast<char>(i));
  return text;
}
}  // namespace

// Of the reference implementation: key and text are 00 01 02 ...
TEST_CASE("SipHash-2-4") {
  const KeyedHash hash(counted(16));
  CHECK(hash.of("") == 0x726fdb47dd0e0e31ULL);
  CHECK(hash.of(counted(1)) == 0x74f839c593dc67fdULL);
  CHECK(hash.of(counted(8)) == 0x93f5f5799a932462ULL);
  CHECK(hash.of(counted(15)) == 0xa129ca6149be45e5ULL);
  CHECK(hash.of("") != KeyedHash(std::string(16, 'x')).of(""));
}
