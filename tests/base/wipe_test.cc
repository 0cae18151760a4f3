#include "base/wipe.h"

#include <doctest/doctest.h>

using namespace lp;

TEST_CASE("a wiped string is empty") {
  std::string text(1000, 's');
  wipe_string(text);
  CHECK(text.empty());
}
