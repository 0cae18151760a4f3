#include "base/weighted_list.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;

namespace {

// "ja 800, en 500"
std::string text_of(const std::vector<Weighted>& list) {
  std::string text;
  for (const Weighted& element : list) {
    text.append(text.empty() ? "" : ", ").append(element.value).append(" " + std::to_string(element.weight));
  }
  return text;
}

}  // namespace

TEST_CASE("an element is a value and its weight") {
  const struct {
    const char* element;
    const char* parsed;
  } cases[] = {{"ja", "ja 1000"},
               {"ja;q=0.8", "ja 800"},
               {"ja;q=0.123", "ja 123"},
               {"ja;q=0", "ja 0"},
               {"ja;q=0.", "ja 0"},
               {"ja;q=0.000", "ja 0"},
               {"ja;q=1", "ja 1000"},
               {"ja;q=1.", "ja 1000"},
               {"ja;q=1.000", "ja 1000"},
               {" ja ; q=0.5 ", "ja 500"},
               {"\tja\t;\tQ=0.5", "ja 500"},
               {"*;q=0.1", "* 100"},
               {"text/html;level=1", "text/html;level=1 1000"},
               {"text/html ; level=1 ; q=0.4", "text/html ; level=1 400"},
               {"text/html;q=0.4;ext=1", "text/html 400"},
               {"text/html;q=0.4;q=0.5", "text/html 400"},
               {"ja;", "ja 1000"},
               {"ja ; ;", "ja 1000"},
               {"ja;;q=0.5", "ja 500"},
               {"ja;quality=0", "ja;quality=0 1000"},
               {"", ""},
               {" ", ""},
               {";q=0.5", ""},
               {"ja;q=", ""},
               {"ja;q=x", ""},
               {"ja;q=2", ""},
               {"ja;q=1.001", ""},
               {"ja;q=0.1234", ""},
               {"ja;q=.5", ""},
               {"ja;q=-0", ""},
               {"ja;q=0,5", ""},
               {"ja;q= 0.5", ""},
               {"ja;q=00", ""},
               {"ja;q=0x1", ""},
               {"ja;q==0.5", ""}};
  for (const auto& c : cases) {
    CAPTURE(c.element);
    const auto parsed = parse_weighted(c.element);
    CHECK(text_of(parsed ? std::vector{*parsed} : std::vector<Weighted>()) == c.parsed);
  }
}

TEST_CASE("a list keeps its order and leaves out what is no element") {
  const struct {
    const char* list;
    const char* parsed;
  } cases[] = {{"", ""},
               {"ja", "ja 1000"},
               {"en;q=0.1, ja;q=0.9", "en 100, ja 900"},
               {";,ja,en;q=x,de", "ja 1000, de 1000"},
               {"de;q=0,fr", "de 0, fr 1000"},
               {"a,b,c,d,e", "a 1000, b 1000, c 1000, d 1000"},
               {",,,,e", ""}};
  for (const auto& c : cases) {
    CAPTURE(c.list);
    CHECK(text_of(parse_weighted_list(c.list, 4)) == c.parsed);
  }
}
