#include "proxy/http/head_text.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

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

TEST_CASE("a field is written in its usual form, however it came") {
  struct Case {
    const char* what;
    std::string line;
    std::size_t value_at;
    std::string expected;
  };
  const Case cases[] = {
      {"as it is written", "Name: value", 6, "Name: value"},
      {"without a blank", "Name:value", 5, "Name: value"},
      {"with more of them", "Name:  value", 7, "Name: value"},
      {"with a tab", "Name:\tvalue", 6, "Name: value"},
      {"with a blank before the colon", "Name :value", 6, "Name: value"},
      {"without a value", "Name: ", 6, "Name: "},
      {"longer than all the room", "Name: " + std::string(9000, 'v'), 6, "Name: " + std::string(9000, 'v')},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    std::string out;
    {
      lp::HeadText head(out);
      head.add("A: b\r\n");
      head.add_field(lp::Field{std::string_view(c.line).substr(0, 4), std::string_view(c.line).substr(c.value_at)});
      head.add_field(lp::Field{"Name", std::string_view(c.line).substr(c.value_at)});
    }
    CHECK(out == "A: b\r\n" + c.expected + "\r\n" + c.expected + "\r\n");
  }
}
