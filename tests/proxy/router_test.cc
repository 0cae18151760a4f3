#include "proxy/router.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

namespace {

using Kind = lp::PathPattern::Kind;

struct Rule {
  Kind kind;
  const char* text;
  const char* host = "";
  std::vector<std::string> methods = {};
  lp::EncodedSlash encoded_slash = lp::EncodedSlash::reject;
};

lp::Settings settings_of(const std::vector<Rule>& rules) {
  lp::Settings settings;
  settings.external_urls = {{"https", "app.test", 443}, {"http", "localhost", 8080}, {"https", "[::1]", 8443}};
  for (const Rule& rule : rules) {
    lp::RouteSettings route;
    route.index = static_cast<int>(settings.routes.size()) + 1;
    route.host = rule.host;
    route.path = {rule.kind, rule.text};
    route.methods = rule.methods;
    route.encoded_slash = rule.encoded_slash;
    settings.routes.push_back(route);
  }
  return settings;
}

// Index of the route; 0: none; -1: refused.
int route_of(const lp::Router& router, std::string_view target, std::string_view host = "app.test",
             std::string_view method = "GET") {
  const auto normal = lp::normalise_target(target);
  if (!normal) return -1;
  bool refused = false;
  const auto* route = router.route_for(host, method, normal.value(), refused);
  if (refused) {
    CHECK(route == nullptr);
    return -1;
  }
  return route == nullptr ? 0 : route->index;
}

}  // namespace

TEST_CASE("the Host names an external URL or none") {
  const lp::Settings settings = settings_of({});
  const lp::Router router(settings);
  const struct {
    std::string says;
    const char* host;
    int origin;  // index, or -1
  } cases[] = {
      {"without a port: the default one", "app.test", 0},
      {"with the default port", "app.test:443", 0},
      {"in any case", "APP.Test", 0},
      {"with a trailing dot", "app.test.", 0},
      {"with another port", "app.test:8080", -1},
      {"the port of the external URL", "localhost:8080", 1},
      {"without the port that the external URL has", "localhost", -1},
      {"an IPv6 literal", "[::1]:8443", 2},
      {"an IPv6 literal in another spelling", "[0:0::1]:8443", 2},
      {"a host that is nobody's", "evil.test", -1},
      {"a suffix", "xapp.test", -1},
      {"nonsense", "app.test:443:443", -1},
      {"nothing", "", -1},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    const lp::Origin* expected = c.origin < 0 ? nullptr : &settings.external_urls[static_cast<std::size_t>(c.origin)];
    CHECK(router.origin_for(c.host) == expected);
  }
}

TEST_CASE("the first route that matches path, host and method wins") {
  const lp::Settings settings = settings_of({
      {Kind::exact, "/exact"},
      {Kind::prefix, "/public"},
      {Kind::prefix, "/post", "", {"POST"}},
      {Kind::regex, "/re/[^/]+/x"},
      {Kind::prefix, "", "members.test"},
      {Kind::prefix, "", "*.wild.test"},
      {Kind::exact, "/caf\xc3\xa9"},
      {Kind::prefix, "/@team"},
      {Kind::prefix, "/private"},
  });
  const lp::Router router(settings);
  const struct {
    std::string says;
    const char* target;
    int route;
    const char* host = "app.test";
    const char* method = "GET";
  } cases[] = {
      {"exact", "/exact", 1},
      {"exact does not cover below", "/exact/", 0},
      {"a prefix covers itself", "/public", 2},
      {"a prefix covers its slash", "/public/", 2},
      {"a prefix covers below", "/public/a/b", 2},
      {"a prefix ends at a segment", "/publicx", 0},
      {"a prefix is case-sensitive", "/Public", 0},
      {"the query does not count", "/private?x=/public/a", 9},
      {"a method that is listed", "/post/x", 3, "app.test", "POST"},
      {"a method that is not listed", "/post/x", 0, "app.test", "GET"},
      {"a method in another case", "/post/x", 0, "app.test", "post"},
      {"an unknown method on a route for any", "/public/x", 2, "app.test", "FOO"},
      {"a regex matches in full", "/re/abc/x", 4},
      {"a regex does not match a part", "/re/abc/xy", 0},
      {"a host", "/anything", 5, "members.test"},
      {"one label for a wildcard", "/", 6, "a.wild.test"},
      {"two labels are too many", "/", 0, "a.b.wild.test"},
      {"no label is too few", "/", 0, "wild.test"},
      {"a suffix is not a label", "/", 0, "evilwild.test"},
      {"a rule in UTF-8 meets the escaped path", "/caf%c3%A9", 7},
      {"an escaped letter does not walk past", "/%70rivate/x", 9},
      {"an escaped sub-delimiter does not walk past", "/%40team/x", 8},
      {"dots do not walk past", "/public/../private/secret", 9},
      {"escaped dots do not walk past", "/public/%2e%2e/private/secret", 9},
      {"an empty segment does not walk past", "//private/secret", 9},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    CHECK(route_of(router, c.target, c.host, c.method) == c.route);
  }
}

TEST_CASE("an encoded slash passes only where the route keeps it and reads the same without it") {
  const lp::Settings settings = settings_of({
      {Kind::prefix, "/api", "", {}, lp::EncodedSlash::keep},
      {Kind::prefix, "/private"},
      {Kind::prefix, "", "", {}, lp::EncodedSlash::keep},
  });
  const lp::Router router(settings);
  CHECK(route_of(router, "/api/v4/projects/a%2Fb") == 1);
  CHECK(route_of(router, "/api/job/a%252Fb") == 1);
  CHECK(route_of(router, "/x/a%2Fb") == 3);
  CHECK(route_of(router, "/private/a%2Fb") == -1);
  CHECK(route_of(router, "/private%2Fsecret") == -1);
  CHECK(route_of(router, "/%2Fprivate/secret") == -1);
  CHECK(route_of(router, "/private%252fsecret") == -1);
  CHECK(route_of(router, "/api%2F..%2Fprivate") == -1);
}

TEST_CASE("a path that a lenient app would read as another route's is refused") {
  const lp::Settings settings = settings_of({
      {Kind::regex, "/foo/.*/bar"},
      {Kind::prefix, "/private"},
      {Kind::prefix, ""},
  });
  const lp::Router router(settings);
  CHECK(route_of(router, "/wiki/What%3F") == 3);
  CHECK(route_of(router, "/wiki/a;b=c") == 3);
  CHECK(route_of(router, "/private/a;b=c") == 2);
  CHECK(route_of(router, "/private/secret;/public/a") == 2);
  CHECK(route_of(router, "/private;x/secret") == -1);
  CHECK(route_of(router, "/;a=b/private/secret") == -1);
  CHECK(route_of(router, "/private%3b") == -1);
  CHECK(route_of(router, "/private%3fx") == -1);
  CHECK(route_of(router, "/private%23x") == -1);
  CHECK(route_of(router, "/%2570rivate/secret") == -1);
  CHECK(route_of(router, "/foo/secret%23/bar") == -1);
  CHECK(route_of(router, "/foo/secret%3F/bar") == -1);
  CHECK(route_of(router, "/private%253bx/secret") == -1);
  CHECK(route_of(router, "/private%253fx") == -1);
  CHECK(route_of(router, "/foo/a/bar") == 1);
}

// Django, Werkzeug and Symfony fold methods to upper case: "delete" is DELETE to them.
TEST_CASE("a method in another case does not walk past the rule of the method that an app reads") {
  const lp::Settings settings = settings_of({
      {Kind::prefix, "/api", "", {"DELETE", "PUT"}},
      {Kind::prefix, "/api"},
      {Kind::prefix, ""},
  });
  const lp::Router router(settings);
  CHECK(route_of(router, "/api/x", "app.test", "DELETE") == 1);
  CHECK(route_of(router, "/api/x", "app.test", "GET") == 2);
  CHECK(route_of(router, "/api/x", "app.test", "delete") == -1);
  CHECK(route_of(router, "/api/x", "app.test", "Put") == -1);
  CHECK(route_of(router, "/api/x", "app.test", "get") == 2);
  CHECK(route_of(router, "/x", "app.test", "delete") == 3);
  CHECK(route_of(router, "/x/..%2f..%2fapi/y", "app.test", "delete") == -1);
}

// attacks.md P31: /public is open, /private is not, all else is a third route. No line may reach /private's resource
// under the name of another route.
TEST_CASE("no line of the path-confusion corpus walks past the protected route") {
  const lp::Settings settings = settings_of({
      {Kind::prefix, "/public", "", {}, lp::EncodedSlash::keep},
      {Kind::prefix, "/private", "", {}, lp::EncodedSlash::keep},
      {Kind::prefix, "", "", {}, lp::EncodedSlash::keep},
  });
  const lp::Router router(settings);
  std::ifstream file(LP_SOURCE_DIR "/tests/corpora/path-confusion.tsv");
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const std::string target = line.substr(0, line.find('\t'));
    CAPTURE(target.substr(0, 100));
    const auto normal = lp::normalise_target(target);
    if (!normal) continue;
    const std::string& path = normal.value().path;
    const int route = route_of(router, target);
    if (path == "/private" || path.starts_with("/private/")) CHECK(route == 2);
    if (route == 1) CHECK(path.starts_with("/public"));
    if (route == 3) CHECK_FALSE((path.starts_with("/private/") || path.starts_with("/private;")));
  }
}
