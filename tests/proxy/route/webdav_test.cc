#include "proxy/route/webdav.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_CASE("a copy or move lands where the same route decides") {
  lp::Settings settings;
  settings.external_urls = {{"https", "app.test", 443}};
  for (const char* path : {"/admin", "/files"}) {
    lp::RouteSettings route;
    route.path = {lp::PathPattern::Kind::prefix, path};
    settings.routes.push_back(route);
  }
  const lp::Router router(settings);
  const struct {
    const char* says;
    const char* method;
    std::vector<std::string> destinations;
    bool stays;
  } cases[] = {
      {"no destination, which the app refuses", "MOVE", {}, true},
      {"below the same route", "MOVE", {"https://app.test/files/b"}, true},
      {"a path alone", "COPY", {"/files/b"}, true},
      {"escapes as clients write them", "COPY", {"https://app.test/files/%E6%97%A5%20%23(1)"}, true},
      {"below another route", "MOVE", {"https://app.test/admin/b"}, false},
      {"below another route, as a path", "COPY", {"/admin/b"}, false},
      {"another route by dot segments", "COPY", {"https://app.test/files/../admin/b"}, false},
      {"another route by escapes", "COPY", {"https://app.test/%61dmin/b"}, false},
      {"another host, the same path", "MOVE", {"http://10.0.0.1:81/admin/b"}, false},
      {"no host", "MOVE", {"//app.test/files/b"}, false},
      {"below no route", "MOVE", {"https://app.test/other"}, false},
      {"an encoded slash", "MOVE", {"https://app.test/files/a%2Fb"}, false},
      {"no URL", "MOVE", {"files/b"}, false},
      {"two destinations", "MOVE", {"/files/b", "/admin/b"}, false},
      {"a method that only reads, unless something says another", "GET", {"/admin/b"}, false},
      {"a relative place", "POST", {"../admin/b"}, false},
      {"in lower case", "move", {"/admin/b"}, false},
      {"in mixed case, no URL", "Copy", {"files/b"}, false},
      {"of several at once, no URL", "BMOVE", {"files/b"}, false},
      {"a method that nobody here knows", "REBIND", {"https://app.test/admin/b"}, false},
      {"a post with a place", "POST", {"/admin/b"}, false},
      {"a post with a place of its route", "POST", {"/files/b"}, true},
      {"a post with a word of the app's own", "POST", {"Kyoto"}, true},
      {"another spelling of a stricter route", "MOVE", {"/Admin/b"}, false},
  };
  for (const auto& one : cases) {
    CAPTURE(one.says);
    lp::RequestHead head;
    head.method = one.method;
    for (const std::string& destination : one.destinations) head.fields.add("Destination", destination);
    const lp::Target target;
    CHECK(lp::destination_stays_on_route(router, {"app.test", head.method, target, head.fields, "192.0.2.1"},
                                         settings.routes[1]) == one.stays);
  }
}
