#include "config/check/patterns.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/config.h"

// What is said of patterns that take less than they would if they were looked for in the path.
using namespace lp;
using namespace lp::test;

namespace {

constexpr const char* kOpenRest = "{ path: /*, upstream: wiki, access: public }";

std::string with_routes(const std::vector<std::string>& routes) {
  std::string text = "routes:\n";
  for (const std::string& route : routes) text += "  - " + route + "\n";
  return good_config({{"routes", text}});
}

enum class Said { nothing, warning, refused };

Said said(const std::string& text) {
  const auto loaded = parse_config(text, "f", usual_environment());
  const auto about_it = [](const std::string& line) {
    return line.find("routes[1].path: ") != std::string::npos && line.find("the whole path") != std::string::npos;
  };
  if (loaded) {
    return std::any_of(loaded->warnings.begin(), loaded->warnings.end(), about_it) ? Said::warning : Said::nothing;
  }
  for (const auto& problem : loaded.error()) CHECK_MESSAGE(about_it(problem.text()), problem.text());
  return Said::refused;
}

std::string closing(const std::string& pattern, const std::string& rule = "access: deny") {
  return "{ path: '~ " + pattern + "', " + rule + ", upstream: wiki }";
}

}  // namespace

TEST_CASE("a pattern that closes where it matches and would be looked for elsewhere must not lose its rule") {
  struct Row {
    const char* pattern;
    Said behind_nothing;  // no route stands behind it
    Said before_open;     // one that lets anybody pass does
  };
  const Row rows[] = {
      // no path begins so
      {"\\.php$", Said::warning, Said::refused},
      {"admin", Said::warning, Said::refused},
      {"(?i)\\.php$", Said::warning, Said::refused},
      {"^admin/.*$", Said::warning, Said::warning},  // nor could it be found
      {"(wp-admin|xmlrpc)", Said::warning, Said::refused},
      {"[a-z]+\\.php$", Said::warning, Said::refused},
      // begins, and does not end
      {"^/admin", Said::warning, Said::refused},
      {"^/admin/", Said::warning, Said::refused},
      {"(?i)^/admin", Said::warning, Said::refused},
      {"^/(admin|internal)", Said::warning, Said::refused},
      {"^/admin(/|$)", Said::warning, Said::refused},
      {"^/users/[^/]+/edit", Said::warning, Said::refused},
      {"^/v[0-9]+/admin", Said::warning, Said::refused},
      // may be meant so
      {"/admin", Said::nothing, Said::warning},
      {"/\\.ht", Said::nothing, Said::warning},
      {"/\\.(git|svn)", Said::nothing, Said::warning},
      {"/wp-login\\.php$", Said::nothing, Said::warning},
      // says where it begins and ends, or is open there
      {"^/admin$", Said::nothing, Said::nothing},
      {"^/admin.*", Said::nothing, Said::nothing},
      {"^/admin(/.*)?", Said::nothing, Said::nothing},
      {"/admin(/.*)?", Said::nothing, Said::nothing},
      {".*\\.php$", Said::nothing, Said::nothing},
      {".*\\.php", Said::nothing, Said::nothing},
      {".*/\\.ht.*", Said::nothing, Said::nothing},
      {"/users/[0-9]+/edit", Said::nothing, Said::nothing},
      {"/x.y", Said::nothing, Said::nothing},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pattern);
    CHECK(said(with_routes({closing(row.pattern)})) == row.behind_nothing);
    CHECK(said(with_routes({closing(row.pattern), kOpenRest})) == row.before_open);
    CHECK(said(with_routes({closing(row.pattern, "require: { roles: [a] }"), kOpenRest})) == row.before_open);
    CHECK(said(with_routes({closing(row.pattern, "access: public"), kOpenRest})) == row.behind_nothing);
  }
}

TEST_CASE("a rule is lost only where a route behind it lets more people pass") {
  const std::string admins = closing("^/admin", "require: { roles: [admin] }");
  struct Row {
    const char* name;
    std::vector<std::string> behind;
    Said said;
  };
  const Row rows[] = {
      {"whoever is signed in", {"{ path: /*, upstream: wiki }"}, Said::refused},
      {"the same people", {"{ path: /*, upstream: wiki, require: { roles: [admin] } }"}, Said::warning},
      {"elsewhere", {"{ path: /public/*, upstream: wiki, access: public }"}, Said::warning},
      {"by another method", {"{ path: /*, upstream: wiki, access: public }"}, Said::refused},
      {"nobody", {"{ path: /*, access: deny }"}, Said::warning},
      {"one pattern for all", {"{ path: '~ /.*', upstream: wiki }"}, Said::refused},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    std::vector<std::string> routes = {admins};
    routes.insert(routes.end(), row.behind.begin(), row.behind.end());
    CHECK(said(with_routes(routes)) == row.said);
  }
  const std::string posts = "{ path: '~ ^/admin', methods: [POST], access: deny }";
  CHECK(said(with_routes({posts, "{ path: /*, methods: [GET], upstream: wiki }"})) == Said::warning);
  CHECK(said(with_routes({posts, "{ path: /*, upstream: wiki }"})) == Said::refused);
}

TEST_CASE("what is said of a pattern tells what it takes, what is lost and what to write") {
  CHECK(problems_of(with_routes({closing("^/admin"), kOpenRest})) ==
        "f:6:13: routes[1].path: the pattern must match the whole path, so that '~ ^/admin' takes /admin and nothing "
        "behind it: write '~ ^/admin.*' for all that begin so, or '~ ^/admin$' for this alone; /admin/x, in which it "
        "would be found, is route #2 /*'s, which lets more people pass\n");
  CHECK(problems_of(with_routes({closing("\\.php$"), kOpenRest})) ==
        "f:6:13: routes[1].path: never matches: the pattern must match the whole path, which starts with '/'. Write "
        "'~ .*\\.php$' to find it anywhere; /.php, in which it would be found, is route #2 /*'s, which lets more "
        "people pass\n");
}

TEST_CASE("a pattern of a text that says where it begins or ends, and not both, is told, and refused where it closes") {
  struct Row {
    const char* rule;
    Said said;
  };
  const Row rows[] = {
      {"deny: { claims: { custom_data.mail: { regex: '@evil\\.test$' } } }", Said::refused},
      {"deny: { claims: { username: { regex: '^bot' } } }", Said::refused},
      {"require: { not: { claims: { username: { regex: '^bot' } } } }", Said::refused},
      {"deny: { not: { claims: { username: { regex: '^ops' } } } }", Said::warning},
      {"require: { claims: { username: { regex: '^ops' } } }", Said::warning},
      {"query: { action: '~ ^delete' }", Said::warning},
      {"headers: { X-Kind: '~ admin$' }", Said::warning},
      {"deny: { claims: { username: { regex: '^bot.*' } } }", Said::nothing},
      {"deny: { claims: { username: { regex: '^bot$' } } }", Said::nothing},
      {"deny: { claims: { username: { regex: 'bot-[0-9]+' } } }", Said::nothing},
      {"query: { action: 'delete$' }", Said::nothing},
  };
  const auto about_it = [](const std::string& line) { return line.find("must match the whole text") != line.npos; };
  for (const Row& row : rows) {
    CAPTURE(row.rule);
    const std::string text = with_routes({"{ path: /*, upstream: wiki, " + std::string(row.rule) + " }"});
    const auto config = parse_config(text, "f", usual_environment());
    if (config) {
      const bool warned = std::any_of(config->warnings.begin(), config->warnings.end(), about_it);
      CHECK((warned ? Said::warning : Said::nothing) == row.said);
    } else {
      for (const auto& problem : config.error()) CHECK_MESSAGE(about_it(problem.text()), problem.text());
      CHECK(row.said == Said::refused);
    }
  }
}
