#include "proxy/http/head_text.h"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("a head's fields are lines, whatever their lengths") {
  std::string expected = "HTTP/1.1 200\r\n";
  std::string out;
  {
    lp::HeadText head(out);
    head.add("HTTP/1.1 ");
    head.add_number(200);
    head.add("\r\n");
    for (std::size_t length = 0; length < 3000; length += 113) {
      const std::string value(length, 'v');
      head.add_field("Name", value);
      expected += "Name: " + value + "\r\n";
    }
  }
  CHECK(out == expected);
}
