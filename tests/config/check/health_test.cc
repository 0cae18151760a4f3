#include <doctest/doctest.h>

#include "config/file/load.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

// Problems, else warnings; without the place.
std::string said_of(const std::string& more, const std::string& routes) {
  const std::string text = good_config({{"routes", "routes:\n" + routes}, {"z", more}});
  const auto loaded = parse_config(text, "f", usual_environment());
  if (!loaded.ok()) return first_line(problems_of(text));
  std::string out;
  for (const auto& warning : loaded->warnings) out += (out.empty() ? "" : "\n") + warning;
  return out;
}

}  // namespace

TEST_CASE("what probes are answered stands outside our own paths, and hides no rule without a word") {
  const std::string all = "- { path: /*, upstream: wiki, require: { roles: [staff] } }\n";
  const std::string health = "health: { ping: /ping, ready: [/ready, /up], robots_txt: true }\n";
  const struct {
    const char* what;
    std::string more;
    std::string routes;
    const char* said;  // a part of it; "" for nothing
  } cases[] = {
      {"behind rules for everything, which is why they are written", health, all, ""},
      {"beside open routes", health, "- { path: /ping, upstream: wiki, access: public }\n" + all, ""},
      {"over a route that asks for more", health,
       "- { path: /ping, upstream: wiki, require: { roles: [admin] } }\n" + all,
       "routes[1]: is not asked about GET and HEAD of /ping: health.ping answers them, to anybody"},
      {"over a part of one", "health: { ready: /admin/up }\n",
       "- { path: /admin/*, upstream: wiki, require: { roles: [admin] } }\n" + all, "routes[1]: is not asked about"},
      {"over a pattern", health, "- { path: '~ /(up|down)', upstream: wiki }\n" + all, "GET and HEAD of /up"},
      {"over robots.txt", health, "- { path: /robots.txt, upstream: wiki }\n" + all, "health.robots_txt answers them"},
      {"over nobody's way", health, "- { path: /ping, access: deny }\n" + all, "routes[1]: is not asked about"},
      {"other methods are routed", health, "- { path: /ping, methods: [POST], upstream: wiki }\n" + all, ""},
      {"below auth_prefix", "health: { ping: /_auth/ping }\n", all, "expected a path outside /_auth, which is ours"},
      {"in place of a check",
       "health: { ping: /oauth2/auth }\nforward_auth: { oauth2_proxy: true }\ntrusted_proxies: [127.0.0.1]\n", all,
       "health.ping: expected a path outside /oauth2, which is ours"},
      {"in place of a check below another prefix",
       "health: { ready: /sso/auth }\nforward_auth: { oauth2_proxy: /sso }\ntrusted_proxies: [127.0.0.1]\n", all,
       "expected a path outside /sso"},
      {"there where nothing is served", "health: { ping: /oauth2/auth }\n", all, ""},
      {"the root, where Traefik asks", "health: { ping: / }\n", all, "health.ping: expected a path such as /api"},
      {"a pattern as a path", "health: { ping: /ping/* }\n", all, "health.ping: expected a path such as /api"},
      {"no path", "health: { ready: ready }\n", all, "health.ready: "},
      {"one path, two answers", "health: { ping: /up, ready: /up }\n", all,
       "health.ready: /up is answered by health.ping already"},
      {"agents without a path", "health: { ping_user_agents: kube-probe/1.30 }\n", all,
       "health.ping_user_agents: has no effect"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    const std::string said = said_of(c.more, c.routes);
    CAPTURE(said);
    CHECK((c.said[0] == '\0' ? said.empty() : said.find(c.said) != std::string::npos));
  }
}
