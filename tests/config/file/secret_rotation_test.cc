#include "config/file/secret_rotation.h"

#include <doctest/doctest.h>

#include "config/file/load.h"
#include "tests/support/config.h"

using namespace lp;
using lp::test::good_config;
using lp::test::kSecretA;
using lp::test::kSecretB;

namespace {

Settings settings(const std::map<std::string, std::string>& parts = {}) {
  auto result = parse_config(good_config(parts), "f", lp::test::usual_environment());
  REQUIRE(result);
  return *result->settings;
}
std::string session(const std::string& more) { return "session: { " + more + " }\n"; }
std::vector<Secret> ring(const std::string& names) {
  std::vector<Secret> made;
  for (const char name : names) made.emplace_back(std::string(32, name));
  return made;
}
using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("a rotation of secrets needs no restart, whatever their number") {
  const Settings running = settings();
  CHECK(keys_for_restart(running, running).empty());
  CHECK(keys_for_restart(running, settings({{"session", session("secret: [" + kSecretB + ", " + kSecretA + "]")}}))
            .empty());
  Settings fresh = running;
  fresh.logto.app_secrets = {Secret("x"), Secret("y")};
  fresh.logto.webhook_secret = Secret("w");
  fresh.redis.password = Secret("p");
  CHECK(keys_for_restart(running, fresh).empty());
}

TEST_CASE("the secret of checks is replaced, and that there is one waits for a restart") {
  Settings running = settings();
  Settings fresh = running;
  fresh.forward_auth.secret = Secret("b");
  CHECK(keys_for_restart(running, fresh) == Keys{"forward_auth.secret"});
  CHECK(with_secrets_of(running, fresh).forward_auth.secret.empty());
  running.forward_auth.secret = Secret("a");
  CHECK(keys_for_restart(running, fresh).empty());
  CHECK(with_secrets_of(running, fresh).forward_auth.secret.equals("b"));
  fresh.forward_auth.secret = Secret();
  CHECK(keys_for_restart(running, fresh) == Keys{"forward_auth.secret"});
  CHECK(with_secrets_of(running, fresh).forward_auth.secret.equals("a"));
}

TEST_CASE("every realm's secrets are taken over, by its name") {
  Settings running = settings();
  for (const char* name : {"a", "b"}) running.realms.emplace_back().name = name;
  Settings fresh = running;
  std::swap(fresh.realms[0], fresh.realms[1]);
  fresh.realms[0].logto.app_secrets = {Secret("of b")};
  fresh.realms[1].logto.webhook_secret = Secret("of a");
  const Settings mixed = with_secrets_of(running, fresh);
  CHECK(mixed.realms[0].logto.webhook_secret.equals("of a"));
  REQUIRE(mixed.realms[1].logto.app_secrets.size() == 1);
  CHECK(mixed.realms[1].logto.app_secrets[0].equals("of b"));
  fresh = running;
  fresh.realms[1].logto.app_id = "another";
  CHECK(keys_for_restart(running, fresh) == Keys{"realms"});
  fresh.realms.pop_back();
  CHECK(with_secrets_of(running, fresh).realms.size() == 2);
}

TEST_CASE("every other change is named by its key") {
  const Settings running = settings();
  const std::string plain = "secret: " + kSecretA;
  const struct {
    std::map<std::string, std::string> parts;
    Keys keys;
  } cases[] = {
      {{{"session", session(plain + ", idle_timeout: 2h")}}, {"session.idle_timeout"}},
      {{{"session", session(plain + ", idle_timeout: 2h, cookie: { same_site: lax, name: other }")}},
       {"session.idle_timeout", "session.cookie.name"}},
      {{{"routes", "routes: [{ path: /*, access: deny }]\n"}}, {"routes"}},
      {{{"upstreams", "upstreams: { app: http://elsewhere, wiki: http://elsewhere }\n"}}, {"upstreams"}},
      {{{"logto", "logto: { endpoint: https://other.logto.app, app_id: app, app_secret: new }\n"}}, {"logto.endpoint"}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.keys.front());
    CHECK(keys_for_restart(running, settings(c.parts)) == c.keys);
  }
}

TEST_CASE("only secrets are taken over") {
  const Settings running = settings();
  Settings fresh = settings({{"session", session("secret: " + kSecretB + ", idle_timeout: 2h")}});
  fresh.logto.app_secrets = {Secret("x"), Secret("y")};
  fresh.logto.webhook_secret = Secret("w");
  fresh.redis.password = Secret("p");
  const Settings mixed = with_secrets_of(running, fresh);
  REQUIRE(mixed.session.secrets.size() == 1);
  CHECK(mixed.session.secrets[0].equals(fresh.session.secrets[0].reveal()));
  CHECK(mixed.logto.app_secrets.size() == 2);
  CHECK(mixed.logto.webhook_secret.equals("w"));
  CHECK(mixed.redis.password.equals("p"));
  CHECK(mixed.session.idle_timeout_ms == running.session.idle_timeout_ms);
}

TEST_CASE("what was replaced is told in counts") {
  const struct {
    std::string before, now, told;
  } cases[] = {{"a", "a", "1 (unchanged)"},
               {"ab", "ab", "2 (unchanged)"},
               {"", "", "0 (unchanged)"},
               {"a", "ba", "2 (first is new)"},
               {"ab", "ba", "2 (another is first)"},
               {"a", "b", "1 (first is new, 1 removed)"},
               {"ba", "b", "1 (1 removed)"},
               {"ab", "b", "1 (another is first, 1 removed)"},
               {"a", "abc", "3 (2 added)"},
               {"a", "bca", "3 (first is new, 1 added)"},
               {"abc", "acb", "3 (order changed)"},
               {"", "a", "1 (first is new)"},
               {"a", "", "0 (1 removed)"}};
  for (const auto& c : cases) {
    CAPTURE(c.before);
    CAPTURE(c.now);
    CHECK(describe_replaced(ring(c.before), ring(c.now)) == c.told);
  }
  CHECK(describe_replaced(Secret(), Secret("x")) == "1 (first is new)");
  CHECK(describe_replaced(Secret("x"), Secret()) == "0 (1 removed)");
}

TEST_CASE("secrets that apps get are taken over too, where their header or route is still the same") {
  Settings running = settings({{"routes",
                                "routes:\n"
                                "  - { path: /a, upstream: wiki, authorization: { basic: { username: u, "
                                "password: one } } }\n"
                                "  - { path: /*, upstream: wiki }\n"}});
  IdentityHeaderSettings header;
  header.header = "X-Key";
  header.source = IdentityHeaderSettings::Source::secret;
  header.secret = Secret("old");
  running.identity_headers = running.routes[1].identity_headers = {header};
  Settings fresh = running;
  fresh.identity_headers[0].secret = fresh.routes[1].identity_headers[0].secret = Secret("new");
  fresh.routes[0].authorization.password = Secret("two");
  CHECK(keys_for_restart(running, fresh).empty());
  const Settings taken = with_secrets_of(running, fresh);
  CHECK(taken.identity_headers[0].secret.equals("new"));
  CHECK(taken.routes[0].authorization.password.equals("two"));
  CHECK(taken.routes[1].identity_headers[0].secret.equals("new"));
  CHECK(describe_replaced(secrets_for_apps(running), secrets_for_apps(fresh)) ==
        "3 (first is new, 2 added, 3 removed)");
  fresh.routes[1].label = "#2 /other";
  CHECK(with_secrets_of(running, fresh).routes[1].identity_headers[0].secret.equals("old"));
}

TEST_CASE("how pages look is taken over with the secrets, and needs no restart; apps of routes do") {
  const Settings running = settings();
  const Settings fresh = settings({{"z", "pages: { site_name: Rose Club, colors: { accent: '#0b6e4f' } }\n"}});
  CHECK(keys_for_restart(running, fresh).empty());
  CHECK(with_secrets_of(running, fresh).pages.site_name == "Rose Club");
  CHECK(keys_for_restart(running, settings({{"routes", "routes:\n- { path: /*, upstream: wiki, app: Wiki }\n"}})) ==
        Keys{"routes"});
}
