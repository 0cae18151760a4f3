#include "auth/jose/json_strict.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace lp;

TEST_CASE("strict JSON accepts ordinary values and keeps them whole") {
  auto value = parse_json_strict(R"({"a":[1,-2,2.5,"x\u00e9",null,true,{"b":{}}],"c":[]})", 1000);
  REQUIRE(value);
  CHECK(value->dump() == R"({"a":[1,-2,2.5,"xé",null,true,{"b":{}}],"c":[]})");
  CHECK(parse_json_strict("\"text\"", 100)->get<std::string>() == "text");
}

TEST_CASE("strict JSON refuses what two readers could read differently") {
  struct Case {
    std::string name;
    std::string text;
  };
  const Case cases[] = {
      {"duplicate member", R"({"a":1,"a":1})"},
      {"duplicate member in depth", R"([{"x":{"a":1,"b":2,"a":3}}])"},
      {"duplicate by escape", R"({"a":1,"\u0061":2})"},
      {"byte order mark", "\xEF\xBB\xBF{}"},
      {"invalid UTF-8", "\"\xC3\x28\""},
      {"lone surrogate", R"("\ud800")"},
      {"raw control byte", std::string("\"a\x01\"")},
      {"NUL after the value", std::string("{}\0", 3)},
      {"trailing text", "{} {}"},
      {"comment", "{/**/}"},
      {"empty", ""},
      {"only spaces", "   "},
      {"truncated", R"({"a":)"},
      {"number out of range", "1e999"},
      {"leading zero", "01"},
      {"not a number", "NaN"},
      {"single quotes", "{'a':1}"},
      {"deep arrays", std::string(33, '[') + std::string(33, ']')},
      {"very deep arrays", std::string(10000, '[')},
      {"too long", "\"" + std::string(2000, 'a') + "\""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK_FALSE(parse_json_strict(c.text, c.name == "too long" ? 1000 : 20000));
  }
  CHECK(parse_json_strict(std::string(32, '[') + std::string(32, ']'), 1000));
}

TEST_CASE("the type of a JSON body") {
  for (const char* type : {"application/json", "Application/JSON; charset=utf-8", "application/jwk-set+json"}) {
    CAPTURE(type);
    CHECK(is_json_content_type(type));
  }
  for (const char* type :
       {"", "text/html", "text/json", "application/jwt", "application/jsonx", "application/+json2"}) {
    CAPTURE(type);
    CHECK_FALSE(is_json_content_type(type));
  }
}
