#include <doctest/doctest.h>

#include "config/check/check.h"
#include "config/file/load.h"
#include "config/settings.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

std::string one_route(const std::string& keys) {
  return good_config({{"routes", "routes:\n  - { path: /*, upstream: wiki, " + keys + " }\n"}});
}

std::string told(const std::string& keys) {
  const auto loaded = parse_config(one_route(keys), "f", usual_environment());
  if (!loaded) return first_line(problems_of(one_route(keys)));
  return loaded->warnings.empty() ? "" : loaded->warnings.front();
}

}  // namespace

TEST_CASE("keys about answers that could not do what they seem to do are told") {
  struct Case {
    const char* name;
    const char* keys;
    const char* told;
  };
  const Case cases[] = {
      {"forbidden with a rule", "forbidden: 403, require: { roles: [a] }", ""},
      {"forbidden with a deny rule", "forbidden: sign_in, deny: { roles: [a] }", ""},
      {"forbidden without a rule", "forbidden: sign_in",
       "f:6:44: routes[1].forbidden: has no effect: without require or deny nobody who is signed in is refused here"},
      {"the default of it, without a rule", "forbidden: page",
       "f:6:44: routes[1].forbidden: has no effect: without require or deny nobody who is signed in is refused here"},
      {"an unknown answer", "forbidden: 404, require: { roles: [a] }",
       "f:6:44: routes[1].forbidden: expected page, 403 or sign_in, found '404'"},
      {"a preflight", "preflight: true", ""},
      {"a preflight among methods", "preflight: true, methods: [POST, OPTIONS]", ""},
      {"a preflight of a route that takes none", "preflight: true, methods: [POST]",
       "f:6:44: routes[1].preflight: has no effect: a preflight has the method OPTIONS, which methods lacks"},
      {"a preflight where everything passes", "preflight: true, access: optional",
       "f:6:44: routes[1].preflight: has no effect: everything passes here without a session"},
      {"a preflight where nothing passes", "preflight: true, access: deny",
       "f:6:44: routes[1].preflight: works nowhere with access: deny, where nothing passes"},
      {"no preflight", "preflight: false, access: deny", ""},
      {"a shadow", "shadow: true, require: { roles: [a] }",
       "f:6:41: routes[1].shadow: everybody passes here; what the rule would have done is only logged"},
      {"a shadow on a public route", "shadow: true, access: public",
       "f:6:41: routes[1].shadow: has no effect: everybody passes here anyway"},
      {"a shadow on a closed route", "shadow: true, access: deny",
       "f:6:41: routes[1].shadow: would let everybody pass where access: deny lets nobody; try out rules under "
       "require"},
      {"max_age on a public route", "require: { max_age: 5m }, access: public",
       "f:6:33: routes[1].require: require works with access: signed_in only"},
      {"max_age", "require: { max_age: 5m }", ""},
      {"max_age of nothing", "require: { max_age: 0s }",
       "f:6:53: routes[1].require.max_age: expected a duration from 1s to 400d"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(told(c.keys) == c.told);
  }
}

TEST_CASE("an open route in shadow before a protected one is a mistake") {
  const std::string text = good_config(
      {{"routes", "routes:\n  - { path: /a/*, upstream: wiki, shadow: true }\n  - { path: /a/b, upstream: wiki }\n"}});
  CHECK(problems_of(text).find("routes[2]: never matches: route #1 /a/* stands before it and takes all its requests, "
                               "without asking who") != std::string::npos);
}

TEST_CASE("a redirect that leads back to its own route is remarked") {
  const auto circles = [](const std::string& before, const std::string& route) {
    const std::string text =
        good_config({{"routes", "routes:\n" + before + "  - { " + route + " }\n  - { path: /*, upstream: wiki }\n"}});
    const auto loaded = parse_config(text, "f", usual_environment());
    REQUIRE(loaded);
    return !loaded->warnings.empty() && loaded->warnings.front().find("leads back to this route") != std::string::npos;
  };
  CHECK(circles("", "path: /old/*, redirect: '/old/\\1'"));
  CHECK(circles("", "path: /old/*, redirect: '/old/x/\\1'"));
  CHECK(circles("", "path: /old, redirect: /old"));
  CHECK(circles("", "path: /old/*, redirect: '/old/new?a=b'"));
  CHECK_FALSE(circles("", "path: /old/*, redirect: '/new/\\1'"));
  CHECK_FALSE(circles("", "path: /old/*, redirect: 'https://example.com/old/\\1'"));
  CHECK_FALSE(circles("  - { path: /old/new, upstream: wiki }\n", "path: /old/*, redirect: /old/new"));
}
