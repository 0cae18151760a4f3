#include "proxy/http/head_text.h"

#include <doctest/doctest.h>

#include <string>

using lp::HeadText;

TEST_CASE("a head has what was written, behind what was there, and nothing else") {
  std::string out = "before ";
  {
    HeadText head(out);
    head.add("HTTP/1.1 ");
    head.add_number(200);
    head.add("\r\n");
    head.add("");
    head.add_field("Name", "value");
    head.add_field("Empty", "");
  }
  CHECK(out == "before HTTP/1.1 200\r\nName: value\r\nEmpty: \r\n");
}

TEST_CASE("a head in which nothing was written leaves the string as it was") {
  std::string out = "before";
  { const HeadText head(out); }
  CHECK(out == "before");
}

TEST_CASE("a head grows with what it gets, at any length") {
  std::string expected;
  std::string out;
  {
    HeadText head(out);
    for (std::size_t length = 0; length < 5000; length += 37) {
      const std::string value(length, 'v');
      head.add_field("N", value);
      expected += "N: " + value + "\r\n";
    }
  }
  CHECK(out == expected);
}

TEST_CASE("a head that is lent as a string goes on behind what was appended, or taken back, there") {
  std::string out;
  {
    HeadText head(out);
    head.add("a");
    head.as_string() += "b";
    head.add("c");
    head.as_string().pop_back();
    head.as_string() += "d";
    head.add_field("e", "f");
    head.as_string() += "g";
  }
  CHECK(out == "abde: f\r\ng");
}
