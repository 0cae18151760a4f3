#include "config/redirect_target.h"

#include <doctest/doctest.h>

#include "config/path_pattern.h"

namespace lp {
namespace {

struct Case {
  const char* name;
  const char* pattern;
  const char* to;
  const char* path;
  const char* query;
  const char* location;
};
const Case kCases[] = {
    {"what stands for the asterisk", "/old/*", "/new/\\1", "/old/a/b", "", "/new/a/b"},
    {"nothing stands for it", "/old/*", "/new/\\1", "/old", "", "/new/"},
    {"the whole path", "/old/*", "https://h.example/x\\0", "/old/a", "", "https://h.example/x/old/a"},
    {"groups in another order", "~ /(a+)/(b+)", "/\\2/\\1", "/aa/b", "", "/b/aa"},
    {"a group that took no part", "~ /(x)?(y)", "/\\1\\2", "/y", "", "/y"},
    {"the query is kept", "/a", "/b", "/a", "?x=1", "/b?x=1"},
    {"unless the target has one", "/a", "/b?y=2", "/a", "?x=1", "/b?y=2"},
    {"the query stands before the fragment", "/a", "/b#top", "/a", "?x=1", "/b?x=1#top"},
    {"what would end a parameter is escaped in a query", "/go/*", "/x?next=\\1", "/go/a&b=1+2;c", "",
     "/x?next=a%26b%3D1%2B2%3Bc"},
    {"an empty query is kept too", "/a", "/b", "/a", "?", "/b?"},
    {"no other host by two slashes", "/go/*", "/\\1", "/go//evil.example", "", "/evil.example"},
    {"no other host by a backslash", "~ /go/(.*)", "/\\1", "/go/\\evil.example", "", "/evil.example"},
};

TEST_CASE("where a redirect leads") {
  for (const Case& c : kCases) {
    CAPTURE(c.name);
    const auto pattern = parse_path_pattern(c.pattern);
    REQUIRE(pattern);
    CHECK(redirect_location(c.to, *pattern, c.path, c.query) == c.location);
  }
}

TEST_CASE("a redirect's host is fixed") {
  for (const char* good : {"/a", "/a/\\1", "https://h.example/\\1?x=\\2", "http://h.example:8080/"})
    CHECK_MESSAGE(parse_redirect_target(good), good);
  for (const char* bad : {"", "a", "//h.example", "https://\\1/", "https://h\\1.example/", "https://u@h.example/",
                          "ftp://h/", "javascript:alert(1)", "/a b", "/a\\x", "/a\\", "/a\r\nSet-Cookie: x"})
    CHECK_MESSAGE(!parse_redirect_target(bad), bad);
}

}  // namespace
}  // namespace lp
