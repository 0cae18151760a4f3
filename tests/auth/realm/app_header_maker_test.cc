#include "auth/realm/app_header_maker.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "auth/jose/jws.h"
#include "auth/jose/verification_key.h"
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;
using nlohmann::json;

namespace {

// Routes 1 and 2 assert to one app, route 3 (optional) has a constant, route 8 Basic.
std::shared_ptr<Settings> telling_settings() {
  auto made = settings();
  made->external_urls.push_back({"https", "second.test", 443});
  made->upstreams["wiki"].host = "wiki";
  for (RouteSettings& route : made->routes) route.upstream = "wiki";
  made->routes[0].assertion = true;
  IdentityHeaderSettings constant;
  constant.header = "X-Env";
  constant.source = IdentityHeaderSettings::Source::constant;
  constant.constant = "prod";
  made->routes[1].identity_headers = made->routes[2].identity_headers = {constant};
  made->routes[2].identity_headers.push_back({"X-User", "sub"});
  made->routes[7].authorization.kind = UpstreamAuthorizationSettings::Kind::basic;
  made->routes[7].authorization.username_claim = "email";
  made->routes[7].authorization.password = Secret("pw");
  return made;
}

std::string assertion_of(const Verdict& verdict) {
  REQUIRE(verdict.app_headers);
  const std::string& lines = verdict.app_headers->lines;
  const std::string name = "X-Logto-Proxy-Assertion: ";
  const auto at = lines.find(name);
  REQUIRE(at != std::string::npos);
  return lines.substr(at + name.size(), lines.find('\r', at) - at - name.size());
}

json payload_of(const std::string& token) { return json::parse(parse_jws(token)->payload); }

bool verifies(const std::string& token, const std::string& jwks) {
  const auto jws = parse_jws(token);
  REQUIRE(jws);
  const json set = json::parse(jwks);
  for (const json& jwk : set["keys"]) {
    if (jwk["kid"] == jws->kid) return verify_jws(*jws, *VerificationKey::from_jwk(jwk)).ok();
  }
  return false;
}

}  // namespace

TEST_CASE("a warm session is told by the same lines, a new assertion comes in time") {
  World world(telling_settings());
  world.sign_in_directly(world.session("u1"));
  const Verdict first = world.ask({.route = 1});
  CHECK(world.ask({.route = 1}).app_headers == first.app_headers);  // neither encoded nor signed again
  const json payload = payload_of(assertion_of(first));
  CHECK(payload["iss"] == "https://app.test");
  CHECK(payload["aud"] == "http://wiki");
  CHECK(payload["sub"] == "u1");
  CHECK(payload["email"] == "alice@example.test");
  CHECK(payload["roles"] == json{"editor"});
  CHECK(payload["exp"] == kNowS + 60);
  for (int seconds = 0; seconds < 120; ++seconds) {
    world.clock.advance_ms(1000);
    const json now = payload_of(assertion_of(world.ask({.route = 1})));
    CHECK(now["exp"].get<std::int64_t>() - world.clock.unix_s() >= 40);  // 30 and what a slow connection takes
    CHECK(now["iat"].get<std::int64_t>() <= world.clock.unix_s());
  }
}

TEST_CASE("an app that has not been at another app's route gets its own lines") {
  World world(telling_settings());
  world.sign_in_directly(world.session("u1"));
  CHECK(world.ask({.route = 3}).app_headers->lines == "X-Env: prod\r\nX-User: u1\r\n");
  CHECK(world.ask({.route = 1}).app_headers->lines.find("X-Env") == std::string::npos);
  CHECK(world.ask({.route = 6}).app_headers->lines.find("X-Logto-Proxy-Assertion") == std::string::npos);
}

TEST_CASE("constants reach the app of whoever is not asked or not signed in, identity does not") {
  World world(telling_settings());
  CHECK(world.ask({.route = 3}).app_headers->lines == "X-Env: prod\r\n");
  CHECK(world.ask({.route = 2}).app_headers->lines == "X-Env: prod\r\n");
  world.sign_in_directly(world.session("u1"));
  CHECK(world.ask({.route = 2}).app_headers->lines == "X-Env: prod\r\n");  // public: nobody is asked
  CHECK(world.ask({.route = 3}).app_headers->lines == "X-Env: prod\r\nX-User: u1\r\n");
}

TEST_CASE("one person's lines are never another's") {
  World world(telling_settings());
  world.sign_in_directly(world.session("u1"));
  CHECK(payload_of(assertion_of(world.ask({.route = 1})))["sub"] == "u1");
  world.jar.clear();
  world.sign_in_directly(world.session("u2"));
  CHECK(payload_of(assertion_of(world.ask({.route = 1})))["sub"] == "u2");
}

TEST_CASE("the first secret of the ring signs, and a rotation is followed at once") {
  World world(telling_settings());
  const Secret old(std::string(32, 's'));
  const Secret next(std::string(32, 'n'));
  world.sign_in_directly(world.session("u1"));
  const std::string before = assertion_of(world.ask({.route = 1}));
  world.realm.replace_keyring(std::vector{next, old});
  const std::string after = assertion_of(world.ask({.route = 1}));
  const std::string jwks = world.realm.keyring()->assertions.jwks(kNowS);
  CHECK(parse_jws(before)->kid != parse_jws(after)->kid);
  CHECK(verifies(before, jwks));
  CHECK(verifies(after, jwks));
  world.realm.replace_keyring(std::vector{next});
  CHECK_FALSE(verifies(before, world.realm.keyring()->assertions.jwks(kNowS)));
}

TEST_CASE("a password that is replaced while we run is the next one that an app gets") {
  World world(telling_settings());
  world.sign_in_directly(world.session("u1"));
  const Verdict before = world.ask({.route = 8});
  CHECK(before.app_headers->lines.find(base64_encode("alice@example.test:pw")) != std::string::npos);
  CHECK(before.app_headers->replaces_authorization);
  Settings fresh = *world.realm.settings;
  fresh.routes[7].authorization.password = Secret("new");
  world.realm.replace_keyring(fresh);
  CHECK(world.ask({.route = 8}).app_headers->lines.find(base64_encode("alice@example.test:new")) != std::string::npos);
}

TEST_CASE("the keys are for everybody, and for a while") {
  World world(telling_settings());
  const Verdict verdict = world.ask({.path = "/_auth/jwks.json"});
  CHECK(verdict.answer.status == 200);
  CHECK(verdict.session == nullptr);
  CHECK(header(verdict.answer, "Cache-Control") == "public, max-age=300");
  world.sign_in_directly(world.session("u1"));
  CHECK(verifies(assertion_of(world.ask({.route = 1})), verdict.answer.body));
  const Verdict signed_in = world.ask({.path = "/_auth/jwks.json"});
  CHECK(signed_in.session == nullptr);
  CHECK(signed_in.set_cookies.empty());
  CHECK(world.ask({.method = "POST", .path = "/_auth/jwks.json"}).answer.status == 405);
}

TEST_CASE("a session that visits more apps than are remembered is told right all the same") {
  auto made = settings();
  made->routes.clear();
  for (int i = 1; i <= 200; ++i) {
    made->routes.push_back(route(i));
    made->routes.back().identity_headers = {{"X-App-" + std::to_string(i), "sub"}};
  }
  World world(made);
  world.sign_in_directly(world.session("u1"));
  for (int round = 0; round < 2; ++round) {
    for (int i = 1; i <= 200; ++i) {
      const Verdict verdict = world.ask({.route = i});
      CHECK(verdict.app_headers->lines == "X-App-" + std::to_string(i) + ": u1\r\n");
      CHECK(verdict.session->ready_headers.size() <= 64);
    }
  }
}
