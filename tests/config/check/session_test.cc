#include <doctest/doctest.h>

#include "config/check/check.h"
#include "config/file/load.h"
#include "tests/support/config.h"
#include "tests/support/config_cases.h"

using namespace lp;
using namespace lp::test;

TEST_CASE("partitioned cookies that browsers would drop are refused") {
  const auto http = std::string("external_urls: [https://app.example.com, http://localhost:8080]\n");
  check_all({
      {"partitioned on http",
       {{"external_urls", http}, {"session", session("cookie: { partitioned: true }")}},
       "f:3:89: session.cookie.partitioned: needs https:// in all external_urls: browsers drop the cookie otherwise"},
      {"partitioned and lax",
       {{"session", session("cookie: { partitioned: true }")}},
       "f:3:89: session.cookie.partitioned: needs session.cookie.same_site: none: browsers send no other cookie to an "
       "app in a frame of another site, and elsewhere it makes no difference"},
      {"a lifetime in time",
       {{"session", session("cookie: { lifetime: 8h }")}},
       "f:3:86: session.cookie.lifetime: expected session or browser, found '8h'"},
  });
  CHECK(problems_of(good_config({{"session", session("cookie: { partitioned: true, same_site: none }")}})).empty());
}

TEST_CASE("a rule may not wait for what session.claims drops") {
  const auto session_with = [](const std::string& claims) {
    return std::map<std::string, std::string>{{"session", session("claims: " + claims)}};
  };
  const auto with_rule = [&](const std::string& rule) {
    auto sections = session_with("{ roles: { keep: \"app-.*\" } }");
    sections["routes"] = routes("  - { path: /*, upstream: wiki, " + rule + " }\n");
    return sections;
  };
  check_all({
      {"a role that is required", with_rule("require: { roles: [app-x, admin] }"),
       "f:6:33: routes[1].require: asks for 'admin' in roles, which session.claims.roles drops: nobody would have it; "
       "let its pattern match that too"},
      {"a role that is denied", with_rule("deny: { roles: banned }"),
       "f:6:33: routes[1].deny: asks for 'banned' in roles, which session.claims.roles drops: nobody would have it; "
       "let its pattern match that too"},
      {"the same as a claim", with_rule("require: { not: { claims: { roles: { contains: banned } } } }"),
       "f:6:33: routes[1].require: asks for 'banned' in roles, which session.claims.roles drops: nobody would have it; "
       "let its pattern match that too"},
      {"no map", session_with("roles"), "f:3:74: session.claims: expected a map of claims, found 'roles'"},
      {"another key", session_with("{ roles: { drop: x } }"),
       "f:3:91: session.claims.roles: expected the key keep, found 'drop'"},
      {"an empty map", session_with("{ roles: {} }"),
       "f:3:83: session.claims.roles: expected a map such as { keep: \"app-.*\" }, found an empty map"},
      {"nothing behind it", session_with(""),
       "f:3:66: session.claims: expected a map of claims to what is kept of them, found nothing, as if this key were "
       "not here: if that is meant, write null"},
      {"sub", session_with("{ sub: { keep: z } }"),
       "f:3:81: session.claims.sub: sub is who somebody is, one text and no list: nothing of it can be left out"},
      {"a bad pattern", session_with("{ roles: { keep: \"(\" } }"),
       "f:3:91: session.claims.roles.keep: expected a pattern in RE2's syntax: missing ): ("},
      {"two patterns", session_with("{ roles: { keep: [a, b] } }"),
       "f:3:91: session.claims.roles.keep: expected one pattern such as \"app-.*\", found a list: write \"a|b\" for a "
       "or b"},
      {"no pattern", session_with("{ roles: { keep: } }"),
       "f:3:91: session.claims.roles.keep: expected one pattern such as \"app-.*\", found nothing"},
      {"a path", session_with("{ custom_data.groups: { keep: x } }"),
       "f:3:96: session.claims.custom_data.groups: expected the name of a claim, not a path into one, found "
       "'custom_data.groups'"},
  });
  CHECK(problems_of(good_config(with_rule("require: { roles: [app-x, app-] }"))).empty());
  CHECK(problems_of(good_config(with_rule("require: { claims: { username: admin } }"))).empty());
  CHECK(warnings_of({{"session", session("claims: { rolse: { keep: x } }")}})
            .find("session.claims.rolse: Logto sends no claim 'rolse' at a sign-in, did you mean 'roles'?") !=
        std::string::npos);
  CHECK(warnings_of({{"session", session("claims: { organizations: x }")}})
            .find("session.claims.organizations: has no effect: no header and no rule uses this claim") !=
        std::string::npos);
}
