#include "config/check/spellings.h"

#include <doctest/doctest.h>

#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

constexpr const char* kOneUrl = "external_urls: [https://app.example.com]\n";

// Two routes, each a flow map without upstream.
std::string two(const std::string& first, const std::string& second, const std::string& urls = kOneUrl) {
  return good_config(
      {{"external_urls", urls},
       {"routes", "routes:\n  - { upstream: wiki, " + first + " }\n  - { upstream: wiki, " + second + " }\n"}});
}

enum class Said { nothing, decides, some, refused };

// What is said of the first and of the second route. Warnings are told only where nothing is refused.
std::pair<Said, Said> said(const std::string& text) {
  const auto loaded = parse_config(text, "f", usual_environment());
  std::vector<std::string> lines = loaded ? loaded->warnings : std::vector<std::string>();
  if (!loaded) {
    for (const auto& problem : loaded.error()) lines.push_back(problem.text());
  }
  const auto of = [&](const std::string& route) {
    for (const std::string& line : lines) {
      if (line.find("routes[" + route + "]: ") == std::string::npos) continue;
      CAPTURE(line);
      CHECK(line.find("path_spellings: distinct") != std::string::npos);
      if (line.find("nobody would pass") != std::string::npos) return Said::refused;
      return line.find("never decides") != std::string::npos ? Said::decides : Said::some;
    }
    return Said::nothing;
  };
  return {of("1"), of("2")};
}

constexpr const char* kA = "require: { roles: [a] }";
constexpr const char* kB = "require: { roles: [b] }";

}  // namespace

TEST_CASE("two spellings of a path with rules of which neither is stricter keep the proxy from starting") {
  struct Row {
    const char* name;
    std::string first, second;
    Said of_first, of_second;
  };
  const Row rows[] = {
      {"case, below", "path: /admin/*", "path: /Admin/*", Said::refused, Said::refused},
      {"case, exactly", "path: /admin", "path: /ADMIN", Said::refused, Said::refused},
      {"a slash at the end", "path: /admin", "path: /admin/", Said::refused, Said::refused},
      {"a dot at the end", "path: /admin", "path: /admin.", Said::refused, Said::refused},
      {"a blank at the end", "path: /admin", "path: /admin%20", Said::refused, Said::refused},
      {"beyond ASCII", "path: /caf%C3%A9", "path: /caf%C3%89", Said::refused, Said::refused},
      {"one path below the other", "path: /admin/*", "path: /Admin/x", Said::nothing, Said::refused},
      {"a pattern and a path", "path: '~ /Admin/[a-z]+'", "path: /admin/x", Said::nothing, Said::refused},
      {"a pattern below a path", "path: '~ /Admin/[0-9]+'", "path: /admin/*", Said::refused, Said::nothing},
      {"two patterns", "path: '~ /admin/.*'", "path: '~ /Admin/.*'", Said::refused, Said::refused},
      {"two other patterns", "path: '~ /admin/a.*'", "path: '~ /Admin/b.*'", Said::nothing, Said::nothing},
      {"a path and a pattern below it", "path: /Admin/*", "path: '~ /admin/[0-9]+'", Said::nothing, Said::refused},
      {"some methods", "path: /a/*, methods: [GET, PUT]", "path: /A/*, methods: [GET, POST]", Said::some, Said::some},
      {"no common method", "path: /a/*, methods: [GET]", "path: /A/*, methods: [POST]", Said::nothing, Said::nothing},
      {"one for all methods", "path: /a/*, methods: [GET]", "path: /A/*", Said::refused, Said::nothing},
      {"a condition on one", "path: /a/*", "path: /A/*, query: { x: y }", Said::nothing, Said::refused},
      {"another path", "path: /a/*", "path: /B/*", Said::nothing, Said::nothing},
      {"a wider route behind", "path: /Admin/*", "path: /*", Said::nothing, Said::nothing},
      {"told apart by one", "path: /a/*, path_spellings: distinct", "path: /A/*", Said::nothing, Said::refused},
      {"told apart by both", "path: /a/*, path_spellings: distinct", "path: /A/*, path_spellings: distinct",
       Said::nothing, Said::nothing},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto both = said(two(row.first + ", " + kA, row.second + ", " + kB));
    CHECK(int(both.first) == int(row.of_first));
    CHECK(int(both.second) == int(row.of_second));
  }
}

TEST_CASE("a rule that a stricter one takes the requests of is named") {
  const auto open = said(two(std::string("path: /admin/*, ") + kA, "path: /Admin/*, access: public"));
  CHECK(int(open.first) == int(Said::nothing));
  CHECK(int(open.second) == int(Said::decides));
  const auto same = said(two(std::string("path: /admin/*, ") + kA, std::string("path: /Admin/*, ") + kA));
  CHECK(int(same.first) == int(Said::nothing));
  CHECK(int(same.second) == int(Said::nothing));
}

TEST_CASE("hosts are looked at one by one") {
  const std::string urls = "external_urls: [https://a.test, https://b.test]\n";
  const auto apart =
      said(two(std::string("host: a.test, path: /x/*, ") + kA, std::string("host: b.test, path: /X/*, ") + kB, urls));
  CHECK(int(apart.first) == int(Said::nothing));
  CHECK(int(apart.second) == int(Said::nothing));
  const auto one = said(two(std::string("host: a.test, path: /x/*, ") + kA, std::string("path: /X/*, ") + kB, urls));
  CHECK(int(one.first) == int(Said::refused));
  CHECK(int(one.second) == int(Said::nothing));
}
