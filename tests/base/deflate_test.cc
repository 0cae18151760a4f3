#include "base/deflate.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;

TEST_CASE("what was made shorter comes back, and never longer than it may") {
  for (const std::string& text :
       {std::string(), std::string("/x"), std::string(50'000, 'a'), std::string("\0\xff", 2)}) {
    CHECK(inflate_text(deflate_text(text), text.size()) == text);
    if (!text.empty()) CHECK_FALSE(inflate_text(deflate_text(text), text.size() - 1));
  }
  CHECK(deflate_text(std::string(50'000, 'a')).size() < 100);
}

TEST_CASE("anything but one whole stream is refused") {
  const std::string whole = deflate_text("a text that is long enough to be cut somewhere");
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) CHECK_FALSE(inflate_text(whole.substr(0, bytes), 1000));
  CHECK_FALSE(inflate_text(whole + "x", 1000));
  CHECK_FALSE(inflate_text("no stream", 1000));
}
