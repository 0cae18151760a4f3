#include "base/http_message.h"

#include <doctest/doctest.h>

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

namespace {

Pairs pairs_of(std::string_view cookie) {
  lp::Fields fields;
  fields.add("Cookie", cookie);
  return lp::cookie_pairs(fields);
}

}  // namespace

TEST_CASE("fields are found by name whatever its case, the first of several") {
  lp::Fields fields;
  fields.add("X-A", "1");
  fields.add("x-a", "2");
  CHECK(fields.get("X-a") == "1");
  CHECK(fields.count("x-A") == 2);
  CHECK(fields.has("x-a"));
  CHECK_FALSE(fields.has("x_a"));
  CHECK(fields.get("X-B").empty());
}

TEST_CASE("names of one letter and length are told apart, and what a message no longer has is not found") {
  lp::Fields fields;
  fields.add("Accept", "1");
  CHECK_FALSE(fields.has("Action"));
  CHECK(fields.get("Action").empty());
  CHECK(fields.may_have("aCCEPT"));
  CHECK_FALSE(fields.has(""));
  fields.clear();
  CHECK_FALSE(fields.has("Accept"));
  fields.add("", "nameless");
  CHECK(fields.get("") == "nameless");
}

TEST_CASE("cookie pairs keep order, exact names and exact values") {
  CHECK(pairs_of("a=1; b=2;c=3 ;\td=4\t; e = 5") ==
        Pairs{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}, {"e ", " 5"}});
  CHECK(pairs_of("a=b=c; q=\"x\"") == Pairs{{"a", "b=c"}, {"q", "\"x\""}});
  CHECK(pairs_of("a=1; a=2") == Pairs{{"a", "1"}, {"a", "2"}});
}

TEST_CASE("a cookie name is its bytes: no decoding, unquoting or folding (threat C11)") {
  const Pairs pairs = pairs_of(
      "__%48ost-session=S; \"__Host-session\"=S; __host-session=S; _[Host-session=S; ..Host-session=S; $Version=1");
  CHECK(pairs.size() == 6);
  for (const auto& [name, value] : pairs) CHECK(name != "__Host-session");
}

TEST_CASE("malformed cookie headers give no pairs and no trouble") {
  CHECK(pairs_of("").empty());
  CHECK(pairs_of(";;;;").empty());
  CHECK(pairs_of("plain; words").empty());
  CHECK(pairs_of(";;;;=;=;") == Pairs{{"", ""}, {"", ""}});
  CHECK(pairs_of(" a=1 ;") == Pairs{{"a", "1"}});
}

TEST_CASE("several Cookie fields are read as one") {
  lp::Fields fields;
  fields.add("Cookie", "a=1; b=2");
  fields.add("X-Cookie", "x=1");
  fields.add("cookie", "c=3");
  CHECK(lp::cookie_pairs(fields) == Pairs{{"a", "1"}, {"b", "2"}, {"c", "3"}});
}

TEST_CASE("list values come from all fields of a name, trimmed, empty ones left out") {
  lp::Fields fields;
  fields.add("X-Forwarded-For", "1.2.3.4,\t5.6.7.8 , ,");
  fields.add("x-forwarded-for", "::1");
  fields.add("X-Forwarded_For", "no");
  CHECK(lp::list_values(fields, "X-Forwarded-For") == std::vector<std::string_view>{"1.2.3.4", "5.6.7.8", "::1"});
  CHECK(lp::list_values(fields, "Connection").empty());
}
