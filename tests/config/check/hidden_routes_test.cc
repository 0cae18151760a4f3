#include <doctest/doctest.h>

#include "config/file/load.h"
#include "tests/support/config.h"

// Routes that nothing reaches, because of those that stand before them.
using namespace lp;
using namespace lp::test;

namespace {

std::string routes(const std::string& list) { return "routes:\n" + list; }

}  // namespace

TEST_CASE("a stricter route that nothing reaches is a mistake, however it is hidden") {
  const auto order = [](const std::string& first, const std::string& second) {
    return first_line(problems_of(good_config(
        {{"routes", routes("  - { upstream: wiki, " + first + " }\n  - { upstream: wiki, " + second + " }\n")}})));
  };
  const std::string admin = ", require: { roles: [admin] }";
  const struct {
    const char* what;
    std::string first, second;
    bool is_mistake;
  } cases[] = {
      {"a role behind everything", "path: /*", "path: /admin/*" + admin, true},
      {"behind a pattern", "path: '~ /admin.*'", "path: /admin" + admin, true},
      {"a folder behind a pattern", "path: '~ /adm.*'", "path: /admin/*" + admin, true},
      {"a folder behind a pattern for everything", "path: '~ .*'", "path: /admin/*" + admin, true},
      {"a pattern behind one for everything", "path: '~ /.*'", "path: '~ /admin/[0-9]+'" + admin, true},
      {"a folder of which the pattern takes a part", "path: '~ /admin/.*'", "path: /admin/*" + admin, false},
      {"a folder behind a pattern that is not a beginning", "path: '~ /a[b-z].*'", "path: /admin/*" + admin, true},
      {"a pattern that takes another folder", "path: '~ /a[e-z].*'", "path: /admin/*" + admin, false},
      {"a pattern behind its folder", "path: /admin/*", "path: '~ /admin/.*'" + admin, true},
      {"letters behind their folder", "path: /admin/*", "path: '~ /admin/[a-z]+'" + admin, true},
      {"two folders, of which one is before", "path: /admin/*", "path: '~ /(admin|x)/.*'" + admin, false},
      {"one of two folders in a pattern", "path: '~ /(admin|x)(/.*)?'", "path: /admin/*" + admin, true},
      {"what is not looked into, below its folder", "path: /admin/*", "path: '~ /admin/\\pL+'" + admin, true},
      {"a pattern that has more than the folder", "path: /admin/*", "path: '~ /admin.*'" + admin, false},
      {"another case is left", "path: /admin/*", "path: '~ (?i)/admin/x'" + admin, false},
      {"all addresses", "path: /*, networks: [0.0.0.0/0, '::/0']", "path: /admin/*" + admin, true},
      {"all addresses in two halves", "path: /*, networks: ['::/1', '8000::/1']", "path: /admin/*" + admin, true},
      {"all addresses of the old kind", "path: /*, networks: [0.0.0.0/0]", "path: /admin/*" + admin, false},
      {"a network in two halves", "path: /*, networks: [10.0.0.0/9, 10.128.0.0/9]",
       "path: /a/*, networks: [10.0.0.0/8]" + admin, true},
      {"a network and a half", "path: /*, networks: [10.0.0.0/9]", "path: /a/*, networks: [10.0.0.0/8]" + admin, false},
      {"behind the only external URL", "path: /*, host: app.example.com", "path: /admin/*" + admin, true},
      {"behind a wildcard for it", "path: /*, host: '*.example.com'", "path: /admin/*" + admin, true},
      {"behind another role", "path: /*, require: { roles: [staff] }", "path: /admin/*" + admin, true},
      {"a deny rule", "path: /*", "path: /a/*, deny: { roles: [banned] }", true},
      {"access: deny", "path: /*", "path: /a/*, access: deny", true},
      {"anybody before somebody", "path: /*, access: optional", "path: /a/*", true},
      {"a rule that only writes to the log before one that holds", "path: /*, shadow: true" + admin,
       "path: /a/*" + admin, true},
      {"the same rule", "path: /*" + admin, "path: /a/*" + admin, false},
      {"less than what stands before it", "path: /*" + admin, "path: /a/*", false},
      {"an open one behind", "path: /*", "path: /a/*, access: public", false},
      {"behind a route that denies all", "path: /*, access: deny", "path: /a/*" + admin, false},
      {"where another method passes", "path: /*, methods: [GET]", "path: /a/*" + admin, false},
      {"in the right order", "path: /a/*" + admin, "path: /*", false},
      {"a field of the same name in another case", "path: /*, headers: { X-A: '1' }",
       "path: /a/*, headers: { x-a: '1' }" + admin, true},
      {"a parameter of the same name in another case, which is another one", "path: /*, query: { a: '1' }",
       "path: /a/*, query: { A: '1' }" + admin, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    const std::string found = order(c.first, c.second);
    CHECK((found.find("routes[2]: never matches") != std::string::npos) == c.is_mistake);
  }
}

TEST_CASE("a stricter route that several together hide is a mistake too") {
  const auto order = [](const std::string& first, const std::string& second, const std::string& third,
                        const std::string& listen) {
    std::map<std::string, std::string> sections = {
        {"routes", routes("  - { upstream: wiki, " + first + " }\n  - { upstream: wiki, " + second +
                          " }\n  - { upstream: wiki, " + third + " }\n")}};
    if (!listen.empty()) sections["listen"] = "listen: " + listen + "\n";
    const std::string text = good_config(sections);
    const auto loaded = parse_config(text, "f", usual_environment());
    if (!loaded) return "problem: " + first_line(problems_of(text));
    std::string out;
    for (const auto& warning : loaded->warnings) out += warning + "\n";
    return out;
  };
  const std::string admin = ", require: { roles: [admin] }";
  const std::string get = ", methods: [GET]", post = ", methods: [POST]", both = ", methods: [GET, POST]";
  const std::string here = ", networks: [10.0.0.0/8]", there = ", networks: ['::/0']";
  const struct {
    const char* what;
    std::string first, second, third;
    const char* listen;
    const char* found;  // "": nothing
  } cases[] = {
      {"by method", "path: /*" + get, "path: /*" + post, "path: /a/*" + both + admin, "",
       "problem: f:8:5: routes[3]: never matches: routes #1 /*, #2 /* stand before it and together take all its"},
      {"by method, of which some are left", "path: /*" + get, "path: /*" + post, "path: /a/*" + admin, "", ""},
      {"by path", "path: /a/x/*", "path: '~ /a/[^x].*'", "path: '~ /a/..*'" + admin, "", ""},
      {"by path, wholly", "path: '~ /a/x.*'", "path: '~ /a/[^x].*'", "path: '~ /a/..*'" + admin, "", "problem: "},
      {"by network and method", "path: /*" + get + there, "path: /*" + post, "path: /a" + both + here + admin, "",
       "problem: "},
      {"those who have no address are left", "path: /*" + there, "path: /b", "path: /a" + admin, "unix:/run/x", ""},
      {"one of them asks for as much", "path: /a/*" + get + admin, "path: /*" + post, "path: /a/*" + both + admin, "",
       "problem: "},
      {"each of them asks for as much", "path: /a/*" + get + admin, "path: /a/*" + post + admin,
       "path: /a/b" + both + admin, "", "f:8:5: routes[3]: never matches: "},
      {"by a parameter", "path: /*, query: { a: x }", "path: /*, query: { a: y }",
       "path: /a/*, query: { a: [x, y] }" + admin, "",
       "problem: f:8:5: routes[3]: never matches: routes #1 /*, #2 /* "},
      {"by a parameter, of which one value is left", "path: /*, query: { a: x }", "path: /*, query: { a: y }",
       "path: /a/*, query: { a: [x, y, z] }" + admin, "", ""},
      {"by fields, one of which both have", "path: /*, headers: { X-A: '1' }",
       "path: /*, headers: { x-a: ['2', '3'], X-B: '~ .*' }",
       "path: /a/*, headers: { X-A: ['1', '2'], X-B: b }" + admin, "", "problem: "},
      {"as it is written", "path: /admin/*", "path: /b", "path: '~ (?i)/admin/x'" + admin, "",
       "f:8:5: routes[3]: matches nothing but other spellings of its path: as it is written, route #1 /admin/* stands"},
      {"as it is written, asking for as much", "path: /admin/*" + admin, "path: /b", "path: '~ (?i)/admin/x'" + admin,
       "", ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    const std::string found = order(c.first, c.second, c.third, c.listen);
    CAPTURE(found);
    CHECK(found.starts_with(c.found));
    CHECK((found.find("routes[3]") != std::string::npos) == (*c.found != '\0'));
  }
}
