#include "config/host_pattern.h"

#include <doctest/doctest.h>

using namespace lp;

TEST_CASE("a wildcard stands for exactly one label") {
  const struct {
    const char* says;
    const char* pattern;
    const char* host;
    bool matches;
  } cases[] = {
      {"no pattern: any host", "", "a.test", true},
      {"the host itself", "a.test", "a.test", true},
      {"another host", "a.test", "b.test", false},
      {"one label", "*.a.test", "x.a.test", true},
      {"two labels", "*.a.test", "x.y.a.test", false},
      {"no label", "*.a.test", "a.test", false},
      {"an empty label", "*.a.test", ".a.test", false},
      {"a name that ends alike, but at no dot", "*.a.test", "xa.test", false},
      {"the pattern as a host is a label like others", "*.a.test", "*.a.test", true},
  };
  for (const auto& c : cases) {
    INFO(c.says);
    CHECK(host_matches(c.pattern, c.host) == c.matches);
  }
}

TEST_CASE("two patterns meet where one host could match both") {
  CHECK(host_patterns_meet("", "a.test"));
  CHECK(host_patterns_meet("*.a.test", ""));
  CHECK(host_patterns_meet("*.a.test", "x.a.test"));
  CHECK(host_patterns_meet("x.a.test", "*.a.test"));
  CHECK(host_patterns_meet("*.a.test", "*.a.test"));
  CHECK_FALSE(host_patterns_meet("*.a.test", "a.test"));
  CHECK_FALSE(host_patterns_meet("*.a.test", "*.b.test"));
  CHECK_FALSE(host_patterns_meet("*.a.test", "*.x.a.test"));
  CHECK_FALSE(host_patterns_meet("x.a.test", "y.a.test"));
}

TEST_CASE("an origin matches by scheme, port and host") {
  const Origin pattern{"https", "*.a.test", 443};
  CHECK(origin_matches(pattern, {"https", "x.a.test", 443}));
  CHECK_FALSE(origin_matches(pattern, {"http", "x.a.test", 443}));
  CHECK_FALSE(origin_matches(pattern, {"https", "x.a.test", 8443}));
  CHECK_FALSE(origin_matches(pattern, {"https", "x.b.test", 443}));
}

TEST_CASE("a cookie's domain covers itself and what is below, at a dot") {
  CHECK(cookie_domain_covers("a.test", "a.test"));
  CHECK(cookie_domain_covers("a.test", "x.y.a.test"));
  CHECK(cookie_domain_covers("a.test", "*.a.test"));
  CHECK_FALSE(cookie_domain_covers("a.test", "xa.test"));
  CHECK_FALSE(cookie_domain_covers("x.a.test", "a.test"));
  CHECK_FALSE(cookie_domain_covers("x.a.test", "*.a.test"));
}
