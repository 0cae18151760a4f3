#include "proxy/http/text_appender.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>

using lp::TextAppender;

TEST_CASE("a text has what was written, behind what was there, and nothing else") {
  std::string out = "before ";
  {
    TextAppender text(out);
    text.add("a");
    text.add_number(200);
    text.add("");
    text.add_number(std::numeric_limits<std::uint64_t>::max());
    text.add_number(std::numeric_limits<std::int64_t>::min());
  }
  CHECK(out == "before a20018446744073709551615-9223372036854775808");
}

TEST_CASE("a text in which nothing was written leaves the string as it was") {
  std::string out = "before";
  { const TextAppender text(out); }
  CHECK(out == "before");
}

TEST_CASE("a text grows with what it gets, at any length") {
  std::string expected;
  std::string out;
  {
    TextAppender text(out);
    for (std::size_t length = 0; length < 5000; length += 37) {
      const std::string piece(length, static_cast<char>('a' + length % 26));
      text.add(piece);
      expected += piece;
    }
  }
  CHECK(out == expected);
}

TEST_CASE("a text that is lent as a string goes on behind what was appended, or taken back, there") {
  std::string out;
  {
    TextAppender text(out);
    text.add("a");
    text.as_string() += "b";
    text.add("c");
    text.as_string().pop_back();
    text.as_string() += "d";
    text.add("e");
    text.as_string() += "f";
  }
  CHECK(out == "abdef");
}
