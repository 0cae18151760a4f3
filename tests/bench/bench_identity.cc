#include <nlohmann/json.hpp>
#include <string>

#include "auth/identity/app_headers.h"
#include "auth/identity/assertion.h"
#include "auth/identity/assertion_key.h"
#include "auth/identity/assertion_keys.h"
#include "auth/realm/session_cookie.h"
#include "bench.h"

// What an app is told: made for a session once, signed every 20 seconds, and looked up otherwise.
int main() {
  using namespace lp;
  using namespace lp::bench;
  const SystemClock clock;
  Log log{{-1, -1, 4096, LogLevel::error}};
  auto settings = settings_with_routes(1000);
  settings->upstreams["app"].host = "app";
  for (RouteSettings& route : settings->routes) route.upstream = "app";
  settings->routes[1].assertion = true;
  Realm realm(settings, clock, log);
  SessionCookie cookies(realm, true);

  OpenedSession opened;
  opened.session.sub = "4q5w6e7r8t9y";
  opened.session.claims = {{"username", "alice"}, {"email", "alice@example.test"}, {"roles", {"editor", "reader"}}};
  const std::int64_t now_s = clock.unix_s();
  const Origin& external = settings->external_urls.front();
  const RouteTokens none;

  report("identity: look up the headers of a warm session", [&] {
    keep(cookies.headers_for_app(&opened, settings->routes[0], {external, none, now_s}));
  });
  report("identity: look up those with an assertion", [&] {
    keep(cookies.headers_for_app(&opened, settings->routes[1], {external, none, now_s}));
  });
  const HeaderSets sets(*settings);
  const AppUser person{*opened.session.claims, opened.session.sub};
  AppHeaderFacts facts;
  facts.person = &person;
  facts.external = &external;
  std::vector<LeftOut> left_out;
  report("identity: make the headers of a session", [&] { keep(make_app_headers(sets.at(0), facts, left_out)); });

  const Secret secret(std::string(32, 's'));
  std::int64_t epoch = 0;
  report("identity: derive a key", [&] { keep(AssertionKey::derive(secret, "default", ++epoch)); });
  const AssertionKey key = AssertionKey::derive(secret, "default", 1);
  const nlohmann::json claims = assertion_claims(sets.at(sets.index_of(settings->routes[1])), person);
  report("identity: sign an assertion", [&] {
    keep(sign_assertion(key, {"https://app.test", "http://app", "4q5w6e7r8t9y", "0123456789abcdef", now_s, &claims}));
  });
  const AssertionKeys keys({secret}, "default");
  report("identity: the published keys", [&] { keep(keys.jwks(now_s)); });
  return 0;
}
