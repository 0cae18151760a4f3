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
       "f:6:44: routes[1].forbidden: has no effect: without require, deny or organization nobody who is signed in is "
       "refused here"},
      {"the default of it, without a rule", "forbidden: page",
       "f:6:44: routes[1].forbidden: has no effect: without require, deny or organization nobody who is signed in is "
       "refused here"},
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
      {"a time for the client", "access: deny, timeouts: { body_idle: 1m }", ""},
      {"a time that is none", "timeouts: { response: 5 }",
       "f:6:55: routes[1].timeouts.response: expected a duration such as 500ms, 30s, 15m, 12h or 14d, found '5': a "
       "number needs its unit, as in 5s or 5m"},
      {"a time that is too short", "timeouts: { response: 5ms }",
       "f:6:55: routes[1].timeouts.response: expected a duration from 10ms to 1d, found '5ms'"},
      {"a body of any size", "limits: { request_body: none }", ""},
      {"a size that is none", "limits: { request_body: 1MB }",
       "f:6:57: routes[1].limits.request_body: expected a size such as 512, 64KiB, 10MiB or 1GiB, found '1MB': bytes, "
       "or a whole number of KiB, MiB or GiB, or none"},
      {"compression", "compression: on", ""},
      {"compression in another word", "compression: gzip",
       "f:6:46: routes[1].compression.mode: expected off, on or always, found 'gzip'"},
      {"types without compression", "compression: { types: [text/*] }",
       "f:6:48: routes[1].compression.types: has no effect without mode: on or always"},
      {"a type that is none", "compression: { mode: on, types: [html] }",
       "f:6:66: routes[1].compression.types: expected a media type such as text/html, text/* or application/*+json, "
       "found 'html'"},
      {"compression that caches do not hear of", "compression: on, response_headers: { remove: [Vary] }",
       "f:6:46: routes[1].compression: response_headers replaces Vary, by which caches tell compressed answers from "
       "others: let it hold Accept-Encoding, or add to it"},
      {"a Vary that holds it", "compression: on, response_headers: { set: { Vary: 'Cookie, Accept-Encoding' } }", ""},
      {"max_age on a public route", "require: { max_age: 5m }, access: public",
       "f:6:33: routes[1].require: require works with access: signed_in only, unless it has a rule on "
       "client_certificate"},
      {"max_age", "require: { max_age: 5m }", ""},
      {"max_age of nothing", "require: { max_age: 0s }",
       "f:6:53: routes[1].require.max_age: expected a duration from 1s to 400d"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(told(c.keys) == c.told);
  }
}

TEST_CASE("a time for an app where there is none is told") {
  const auto loaded =
      parse_config(good_config({{"routes",
                                 "routes:\n  - { path: /a, respond: { status: 200 }, timeouts: { idle: 1m } }\n"
                                 "  - { path: /*, upstream: wiki }\n"}}),
                   "f", usual_environment());
  REQUIRE(loaded.ok());
  REQUIRE(loaded->warnings.size() == 1);
  CHECK(loaded->warnings[0] == "f:6:61: routes[1].timeouts.idle: has no effect on a route without an upstream");
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
