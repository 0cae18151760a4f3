#include "auth/identity/identity_headers.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

using namespace lp;
using nlohmann::json;

TEST_CASE("claims become field values") {
  struct Case {
    const char* what;
    json claim;
    std::string percent;
    std::string utf8;
  };
  const Case cases[] = {
      {"plain text", "alice", "alice", "alice"},
      {"an e-mail address", "alice+x@example.test", "alice+x@example.test", "alice+x@example.test"},
      {"a space inside", "Alice Liddell", "Alice%20Liddell", "Alice Liddell"},
      {"spaces at the ends", " a ", "%20a%20", "%20a%20"},
      {"only a space", " ", "%20", "%20"},
      {"a percent sign", "100%", "100%25", "100%25"},
      {"Japanese", "花子", "%E8%8A%B1%E5%AD%90", "花子"},
      {"a line break with a header behind it (H18)", "a\r\nX-Role: admin", "a%0D%0AX-Role:%20admin",
       "a%0D%0AX-Role: admin"},
      {"NUL and DEL", std::string("a\0\x7f", 3), "a%00%7F", "a%00%7F"},
      {"a C1 control",
       "a\xc2\x85"
       "b",
       "a%C2%85b", "a%C2%85b"},
      {"broken UTF-8", "é\xff", "%C3%A9%FF", "%C3%A9%FF"},
      {"a comma in a text", "a,b", "a,b", "a,b"},
      {"a list", {"a", "b"}, "a,b", "a,b"},
      {"a list with commas in it", {"a,b", "c"}, "a%2Cb,c", "a%2Cb,c"},
      {"a list of a list", json::array({json::array({"a"})}), "", ""},
      {"a list with null", {"a", nullptr}, "", ""},
      {"an empty list", json::array(), "", ""},
      {"a number", 42, "42", "42"},
      {"a negative number", -7, "-7", "-7"},
      {"true", true, "true", "true"},
      {"null", nullptr, "", ""},
      {"an object", {{"a", 1}}, "", ""},
      {"mixed scalars", {"a", 1, true}, "a,1,true", "a,1,true"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(header_value(c.claim, HeaderEncoding::percent) == c.percent);
    CHECK(header_value(c.claim, HeaderEncoding::utf8) == c.utf8);
  }
}

TEST_CASE("no two texts of two bytes share a value, and none holds a raw control byte") {
  for (const HeaderEncoding encoding : {HeaderEncoding::percent, HeaderEncoding::utf8}) {
    std::set<std::string> seen;
    for (int i = 0; i < 65536; ++i) {
      const std::string text{static_cast<char>(i >> 8), static_cast<char>(i & 0xff)};
      const std::string value = header_value(json(text), encoding);
      CHECK(seen.insert(value).second);
      const bool clean = std::none_of(value.begin(), value.end(),
                                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
      CHECK(clean);
    }
  }
}

TEST_CASE("whatever separates the items of a list is encoded inside of them") {
  struct Case {
    const char* what;
    json claim;
    char separator;
    std::string percent;
    std::string utf8;
  };
  const Case cases[] = {
      {"a pipe", {"a|b", "c,d"}, '|', "a%7Cb|c,d", "a%7Cb|c,d"},
      {"a semicolon", {"a;b", "c"}, ';', "a%3Bb;c", "a%3Bb;c"},
      {"a space, which utf8 leaves raw elsewhere", {"a b", "c"}, ' ', "a%20b c", "a%20b c"},
      {"a text outside of a list keeps it", "a|b", '|', "a|b", "a|b"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(header_value(c.claim, HeaderEncoding::percent, c.separator) == c.percent);
    CHECK(header_value(c.claim, HeaderEncoding::utf8, c.separator) == c.utf8);
  }
}

TEST_CASE("raw is as it is, and what a recipient would read as something else is left out") {
  struct Case {
    const char* what;
    json claim;
    std::string raw;
  };
  const Case cases[] = {
      {"a blank inside", "Grafana Admins", "Grafana Admins"},
      {"a percent sign", "100%", "100%"},
      {"Japanese", "花子", "花子"},
      {"a comma in a text", "a,b", "a,b"},
      {"a list", {"Grafana Admins", "100%", "é"}, "Grafana Admins,100%,é"},
      {"an item that would be two", {"a,admin", "b"}, "b"},
      {"nothing but such items", {"a,admin"}, ""},
      {"a line break", "a\r\nX-Role: admin", ""},
      {"a line break in an item", {"a\nb", "c"}, "c"},
      {"a tab inside", "a\tb", ""},
      {"NUL", std::string("a\0b", 3), ""},
      {"a C1 control",
       "a\xc2\x85"
       "b",
       ""},
      {"broken UTF-8", "a\xff", ""},
      {"a blank at the start", " admin", ""},
      {"a blank at the end", "admin ", ""},
      {"a blank at the end of an item", {"admin ", "b"}, "b"},
      {"a number", 42, "42"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(header_value(c.claim, HeaderEncoding::raw) == c.raw);
  }
}
