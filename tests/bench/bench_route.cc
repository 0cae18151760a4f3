#include <string>

#include "bench.h"
#include "proxy/route/router.h"
#include "proxy/route/target.h"

int main() {
  using namespace lp;
  using namespace lp::bench;
  const struct {
    const char* what;
    int routes;
    const char* target;
  } cases[] = {
      {"target: normalise and route, 1 route", 1, "/app1/wiki/page?version=7"},
      {"target: normalise and route, last of 1,000 routes", 1000, "/app1000/wiki/page?version=7"},
      {"target: normalise and route, none of 1,000 routes", 1000, "/other/wiki/page?version=7"},
      {"target: escapes and dot segments, 1 route", 1, "/a/../app1/%77iki//%E3%83%9A%E3%83%BC%E3%82%B8/./x?version=7"},
  };
  for (const auto& c : cases) {
    const auto settings = settings_with_routes(c.routes);
    const Router router(*settings);
    const Fields fields;
    report(c.what, [&] {
      const Origin* origin = router.origin_for("app.test");
      const auto target = normalise_target(c.target);
      keep(router.route_for({origin->host, "GET", *target, fields, "192.0.2.1"}));
    });
  }
}
