#include "proxy/route/router.h"

#include <doctest/doctest.h>

#include <re2/re2.h>

#include <cstdint>
#include <fstream>
#include <string>

#include "config/value.h"

namespace {

using Kind = lp::PathPattern::Kind;

struct Rule {
  Kind kind;
  const char* text;
  const char* host = "";
  std::vector<std::string> methods = {};
  lp::EncodedSlash encoded_slash = lp::EncodedSlash::reject;
  lp::PathBytes path_bytes = lp::PathBytes::utf8;
  lp::Access access = lp::Access::signed_in;
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
    route.path_bytes = rule.path_bytes;
    route.access = rule.access;
    settings.routes.push_back(route);
  }
  return settings;
}

// Index of the route; 0: none; -1: refused.
int route_of(const lp::Router& router, std::string_view target, std::string_view host = "app.test",
             std::string_view method = "GET") {
  const auto normal = lp::normalise_target(target);
  if (!normal) return -1;
  const lp::Fields none;
  const lp::RouteAnswer found = router.route_for({host, method, normal.value(), none, "192.0.2.1"});
  if (found.is_ambiguous()) {
    CHECK(found.route == nullptr);
    return -1;
  }
  return found.route == nullptr ? 0 : found.route->index;
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
      {"an empty segment does not walk past", "//private/secret", -1},
      {"nor one inside", "/private//secret", 9},
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

TEST_CASE("what a route does not keep names the key that would") {
  lp::Settings settings = settings_of({
      {Kind::prefix, "/keep", "", {}, lp::EncodedSlash::keep},
      {Kind::prefix, "/any", "", {}, lp::EncodedSlash::reject, lp::PathBytes::any},
      {Kind::prefix, ""},
  });
  const lp::Router router(settings);
  const struct {
    const char* target;
    int route;  // -1: refused
    const char* key = "";
  } cases[] = {
      {"/keep/a%2Fb", 1},
      {"/keep/DOMAIN%5Cuser", 1},
      {"/keep/feature%252Fa", 1},
      {"/keep/x%252Ey", 1},
      {"/keep/x%255Cy", 1},
      {"/keep/x%252525y", 1},
      {"/keep/caf%E9", -1, "path_bytes: any"},
      {"/keep/..%5C..%5Cx", -1},
      {"/keep%5Cx", -1, "encoded_slash: keep"},
      {"/any/caf%e9", 2},
      {"/any/%83e%83X%83g", 2},
      {"/any/\x83\x65", 2},
      {"/any/%83%5C", -1, "encoded_slash: keep"},
      {"/any/%90%ac%c0%ae", 2},
      {"/any/%ed%a0%bd", 2},
      {"/any/%c0%afprivate", 2},
      {"/x/a%2Fb", -1, "encoded_slash: keep"},
      {"/x/DOMAIN%5Cuser", -1, "encoded_slash: keep"},
      {"/x/a%252Eb", -1, "encoded_slash: keep"},
      {"/x/caf%E9", -1, "path_bytes: any"},
      {"/x?caf\xe9", -1, "path_bytes: any"},
      {"/x?caf%E9", 3},
  };
  for (const auto& c : cases) {
    CAPTURE(c.target);
    CHECK(route_of(router, c.target) == c.route);
    const auto target = lp::normalise_target(c.target);
    const lp::Fields none;
    if (target) CHECK(router.route_for({"app.test", "GET", *target, none, "192.0.2.1"}).allowed_by == c.key);
  }
}

TEST_CASE("what an app gets as it was sent is no other route's") {
  lp::Settings settings = settings_of({
      {Kind::prefix, "/open", "", {}, lp::EncodedSlash::keep, lp::PathBytes::any, lp::Access::public_},
      {Kind::prefix, "/~open", "", {}, lp::EncodedSlash::reject, lp::PathBytes::utf8, lp::Access::public_},
      {Kind::prefix, "/@admin"},
      {Kind::prefix, "/a/private"},
      {Kind::prefix, "/private"},
      {Kind::prefix, "", "", {}, lp::EncodedSlash::keep, lp::PathBytes::any},
  });
  settings.routes[2].require.children.resize(1);
  settings.routes[2].require.children[0].kind = lp::Requirement::Kind::roles;
  settings.routes[2].require.children[0].any_of = {"admin"};
  for (const std::size_t i : {3U, 4U}) settings.routes[i].require = settings.routes[2].require;
  const lp::Router router(settings);
  const struct {
    std::string says;
    const char* target;
    int route;
  } cases[] = {
      {"empty segments inside a route", "/open/https://host//x", 1},
      {"empty segments of nobody's", "/x//y", 6},
      {"merged they are another's", "/a//private/x", -1},
      {"a parser of URLs takes the first for a host", "//host/private/x", -1},
      {"with more slashes too", "///host/private", -1},
      {"and with escapes", "//host/%70rivate/x", -1},
      {"behind the host is nobody's rule", "//host/x", 6},
      {"a stricter route decides for an escape of its character", "/%40admin", 3},
      {"a looser one does not", "/%7Eopen/x", 2},  // what is sent then is "~"
      {"an escaped letter of a looser route", "/%6fpen/x", 1},
      {"an overlong slash of the catch-all", "/x%c0%afprivate", 6},
      {"an overlong slash that leads to another", "/a%c0%afprivate", -1},
      {"an escaped backslash that leads to another", "/a%5Cprivate", -1},
      {"a doubly escaped letter that leads to another", "/a/p%252572ivate", -1},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    CHECK(route_of(router, c.target) == c.route);
  }
  const auto goes_as_sent = [&](std::string_view text) {
    const auto target = lp::normalise_target(text);
    const lp::Fields none;
    const lp::RouteQuestion question{"app.test", "GET", *target, none, "192.0.2.1"};
    return router.may_go_as_sent(*router.route_for(question).route, question);
  };
  CHECK(goes_as_sent("/x/%7Ey"));
  CHECK(goes_as_sent("/%40admin/x"));
  CHECK(goes_as_sent("/open/%7Ey"));
  CHECK_FALSE(goes_as_sent("/%7Eopen/x"));
  CHECK_FALSE(goes_as_sent("/%6fpen/x"));
}

TEST_CASE("an escape of a reserved character does not open what is written with it") {
  const lp::Settings settings = settings_of({
      {Kind::prefix, "/+open", "", {}, lp::EncodedSlash::reject, lp::PathBytes::utf8, lp::Access::public_},
      {Kind::prefix, ""},
  });
  const lp::Router router(settings);
  CHECK(route_of(router, "/+open/x") == 1);
  CHECK(route_of(router, "/%2Bopen/x") == -1);
  CHECK(route_of(router, "/%2Bclosed/x") == 2);
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

// threat P31: /public is open, /private is not, all else is a third route. No line may reach /private's resource
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
    if (path == "/private" || path.starts_with("/private/")) CHECK((route == 2 || route == -1));
    if (route == 1) CHECK(path.starts_with("/public"));
    if (route == 3) CHECK_FALSE((path.starts_with("/private/") || path.starts_with("/private;")));
  }
}

TEST_CASE("conditions send a request on to the next route, and unclear ones are refused") {
  lp::Settings settings = settings_of({{Kind::prefix, "/a"}, {Kind::prefix, "/a"}, {Kind::prefix, ""}});
  settings.routes[0].query = {{"role", {lp::TextPattern::literal("admin")}}};
  settings.routes[1].networks = {*lp::parse_cidr("10.0.0.0/8")};
  const lp::Router router(settings);
  const struct {
    const char* what;
    const char* target;
    const char* client;
    int route;  // 0: none, -1: refused
  } cases[] = {
      {"the condition holds", "/a/x?role=admin", "192.0.2.1", 1},
      {"it fails", "/a/x?role=user", "192.0.2.1", 3},
      {"it fails, and the client is of the network", "/a/x", "10.1.2.3", 2},
      {"v4-mapped (H14)", "/a/x", "::ffff:10.1.2.3", 2},
      {"no address", "/a/x", "", 3},
      {"unclear", "/a/x?role=user&role=admin", "192.0.2.1", -1},
      {"unclear, but another path", "/b?role=user&role=admin", "192.0.2.1", 3},
  };
  for (const auto& one : cases) {
    CAPTURE(one.what);
    const auto target = lp::normalise_target(one.target);
    const lp::Fields none;
    const lp::RouteAnswer found = router.route_for({"app.test", "GET", *target, none, one.client});
    CHECK((found.is_ambiguous() ? -1 : found.route == nullptr ? 0 : found.route->index) == one.route);
  }
}

// Every route asked in order, as the first-match rule says.
int linear_route_of(const lp::Settings& settings, std::string_view host, std::string_view path) {
  for (const lp::RouteSettings& route : settings.routes) {
    const std::string& wanted = route.host;
    const bool wildcard = wanted.starts_with("*.");
    const auto dot = host.find('.');
    const bool host_fits =
        wanted.empty() || (wildcard ? host.substr(dot) == std::string_view(wanted).substr(1) : host == wanted);
    const std::string& text = route.path.text;
    bool path_fits = path == text;
    if (route.path.kind == Kind::prefix) {
      path_fits = path.starts_with(text) && (path.size() == text.size() || path[text.size()] == '/');
    } else if (route.path.kind == Kind::regex) {
      path_fits = RE2::FullMatch({path.data(), path.size()}, RE2(text));
    }
    if (host_fits && path_fits) return route.index;
  }
  return 0;
}

TEST_CASE("the index of many routes finds the one that asking them in order finds") {
  std::uint32_t state = 7;
  const auto random = [&](std::uint32_t below) { return (state = state * 1664525 + 1013904223) / 65536 % below; };
  const char* hosts[] = {"", "app.test", "*.test", "b.app.test", "*.app.test"};
  const char* texts[] = {"", "/a", "/a/b", "/a/bc", "/ab", "/a/b/c", "/b"};
  const char* patterns[] = {"/a/.*", "/[ab]/?", "/a/b/[^/]+", ".*/c", "/x+"};
  for (int round = 0; round < 300; ++round) {
    std::vector<Rule> rules(1 + random(12), {Kind::prefix, ""});
    for (Rule& rule : rules) {
      rule.host = hosts[random(5)];
      rule.kind = random(3) == 0 ? Kind::regex : random(2) == 0 ? Kind::exact : Kind::prefix;
      rule.text = rule.kind == Kind::regex ? patterns[random(5)] : texts[random(rule.kind == Kind::exact ? 6 : 7)];
      if (rule.kind == Kind::exact && rule.text[0] == '\0') rule.text = "/";
    }
    const lp::Settings settings = settings_of(rules);
    const lp::Router router(settings);
    for (const char* host : {"app.test", "b.app.test", "c.app.test", "x.test"}) {
      for (const char* path : {"/", "/a", "/a/", "/a/b", "/a/bc", "/a/b/c", "/ab", "/b", "/xx", "/z/c"}) {
        CAPTURE(round);
        CAPTURE(host);
        CAPTURE(path);
        CHECK(route_of(router, path, host) == linear_route_of(settings, host, path));
      }
    }
  }
}

TEST_CASE("a Host may name an origin by wildcard: one label, its port and nothing else") {
  lp::Settings settings = settings_of({{Kind::prefix, ""}});
  settings.external_urls = {
      {"https", "*.wild.test", 443}, {"https", "wiki.wild.test", 443}, {"http", "*.dev.test", 8080}};
  settings.sign_in_url = lp::Origin{"https", "auth.wild.test", 443};
  const lp::Router router(settings);
  const struct {
    std::string says;
    const char* host;
    const char* origin;  // null: none
  } cases[] = {
      {"one label", "a.wild.test", "https://a.wild.test"},
      {"in any case", "A.Wild.TEST", "https://a.wild.test"},
      {"with the default port", "a.wild.test:443", "https://a.wild.test"},
      {"with a trailing dot", "a.wild.test.", "https://a.wild.test"},
      {"the port of the pattern", "a.dev.test:8080", "http://a.dev.test:8080"},
      {"another port", "a.wild.test:8443", nullptr},
      {"without the pattern's port", "a.dev.test", nullptr},
      {"two labels", "a.b.wild.test", nullptr},
      {"none", "wild.test", nullptr},
      {"an empty one", ".wild.test", nullptr},
      {"a star", "*.wild.test", nullptr},
      {"ends alike", "a.evilwild.test", nullptr},
      {"a suffix more", "a.wild.test.evil.test", nullptr},
      {"user info", "evil@a.wild.test", nullptr},
      {"a byte that is not ASCII", "\xc3\xa4.wild.test", nullptr},
      {"a space", "a b.wild.test", nullptr},
      {"a list", "a.wild.test,b.wild.test", nullptr},
      {"nothing", "", nullptr},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    CHECK(router.origin_for(c.host) == nullptr);
    const auto origin = router.wildcard_origin_for(c.host);
    REQUIRE(origin.has_value() == (c.origin != nullptr));
    if (origin) CHECK(origin->text() == c.origin);
  }
  CHECK(router.origin_for("wiki.wild.test") == &settings.external_urls[1]);
  REQUIRE(router.origin_for("auth.wild.test") != nullptr);
  CHECK(router.serves_only_own_endpoints(*router.origin_for("auth.wild.test")));
  CHECK_FALSE(router.serves_only_own_endpoints(settings.external_urls[1]));
  settings.sign_in_url = settings.external_urls[1];
  const lp::Router listed(settings);
  CHECK_FALSE(listed.serves_only_own_endpoints(*listed.origin_for("wiki.wild.test")));
}

TEST_CASE("a path that some app reads as another organization's is refused, on routes that are for one") {
  lp::Settings settings = settings_of({{Kind::prefix, "", "", {}, lp::EncodedSlash::keep}});
  const struct {
    std::string says;
    const char* target;
    int route;
    int without;  // where the route is for no organization
  } cases[] = {
      {"plain", "/acme/x", 1, 1},
      {"escaped", "/%61cme/x", 1, 1},
      {"dots back to the same", "/acme/x/../y", 1, 1},
      {"a parameter", "/acme/x;v=1/y", 1, 1},
      {"two slashes behind it", "/acme//x", 1, 1},
      {"what a parser of URLs takes for a host", "//acme/other/x", -1, 1},
      {"the same, and the same organization behind it", "//acme/acme/x", 1, 1},
      {"the same, and nothing that could be one", "//acme/a.b/x", 1, 1},
      {"dots behind a parameter, which nobody may", "/acme/..;/other/x", -1, -1},
      {"an escaped slash", "/acme/..%2fother/x", -1, -1},
      {"a second decoding", "/acme/..%252fother/x", -1, -1},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    settings.routes[0].organization = {};
    CHECK(route_of(lp::Router(settings), c.target) == c.without);
    settings.routes[0].organization.place = lp::RouteOrganizationSettings::Place::from_path;
    CHECK(route_of(lp::Router(settings), c.target) == c.route);
    settings.routes[0].organization = {};
    settings.routes[0].token.organization = lp::RouteTokenSettings::Organization::from_path;
    CHECK(route_of(lp::Router(settings), c.target) == c.route);
    settings.routes[0].token = {};
  }
}
