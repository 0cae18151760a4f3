#include "config/realms.h"
#include "config/file/print.h"

#include <doctest/doctest.h>

#include "config/check/check.h"
#include "config/file/load.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

const std::string kLogto = "logto: { endpoint: https://t.logto.app, app_id: a, app_secret: x }";

std::string file(const std::string& realms, const std::string& more = "",
                 const std::string& routes = "[{ path: /*, upstream: wiki }]") {
  return "realms:\n" + realms + "session: { secret: " + kSecretA +
         " }\nupstreams: { wiki: http://wiki:8080 }\nroutes: " + routes + "\n" + more;
}
std::string realm(const std::string& name, const std::string& urls, const std::string& more = "",
                  const std::string& logto = kLogto) {
  return "  " + name + ": { external_urls: [" + urls + "], " + logto + more + " }\n";
}

std::shared_ptr<const Settings> loaded(const std::string& text) {
  INFO(problems_of(text));
  auto config = parse_config(text, "f", usual_environment());
  REQUIRE(config.ok());
  return config->settings;
}

void check_problem(const char* says, const std::string& text, const std::string& wanted) {
  INFO(says);
  const std::string problems = problems_of(text);
  if (wanted.empty()) {
    CHECK(problems == "");
  } else {
    CHECK_MESSAGE(problems.find(wanted) != std::string::npos, problems);
  }
}

}  // namespace

TEST_CASE("without realms there is one, the settings themselves") {
  const auto whole = loaded(good_config());
  const auto all = settings_of_realms(whole);
  REQUIRE(all.size() == 1);
  CHECK(all[0] == whole);
  CHECK(all[0]->realm == kDefaultRealm);
}

TEST_CASE("each realm has its own Logto, URLs, routes and journal, and shares the rest") {
  const auto whole = loaded(file(
      realm("default", "https://a.test") +
          realm("b", "https://b.test, \"https://*.b.test\"",
                ", sign_in_url: https://auth.b.test, cookie_domain: B.test",
                "logto: { endpoint: https://other.logto.app, app_id: bb, app_secret: y, sign_in: { prompt: login } }"),
      "revocations: { journal: /var/lib/j }\nauth_prefix: /_x\n",
      "[{ host: a.test, path: /*, upstream: wiki }, { host: \"*.b.test\", path: /*, upstream: wiki }, { path: /*, "
      "upstream: wiki }, { host: w.b.test, path: /x, upstream: wiki }]"));
  const auto all = settings_of_realms(whole);
  REQUIRE(all.size() == 2);
  const auto indices = [](const Settings& s) {
    std::vector<int> found;
    for (const auto& route : s.routes) found.push_back(route.index);
    return found;
  };
  CHECK(all[0]->realm == "default");
  CHECK(all[0]->logto.app_id == "a");
  CHECK(all[0]->revocations.journal == "/var/lib/j");
  CHECK(indices(*all[0]) == std::vector<int>{1, 3});
  CHECK(all[0]->session.cookie.domain == "");
  CHECK(all[1]->realm == "b");
  CHECK(all[1]->logto.app_id == "bb");
  CHECK(all[1]->logto.sign_in.prompt == "login");
  CHECK(all[1]->logto.issuer() == "https://other.logto.app/oidc");
  CHECK(all[1]->revocations.journal == "/var/lib/j.realm-b");
  CHECK(all[1]->session.cookie.domain == "b.test");
  CHECK(all[1]->sign_in_url->text() == "https://auth.b.test");
  CHECK(indices(*all[1]) == std::vector<int>{2, 3, 4});
  for (const auto& own : all) CHECK(own->auth_prefix == "/_x");
}

TEST_CASE("what realms may not be") {
  const std::string a = realm("a", "https://a.test");
  check_problem("two apart", file(a + realm("b", "https://b.test")), "");
  check_problem("one beside a Logto at the top", file(a, kLogto + "\n"),
                "f:6:1: logto: stands beside realms: move it into one, as realms.default.logto");
  check_problem("and external URLs at the top", file(a, "external_urls: [https://c.test]\n"),
                "external_urls: stands beside realms");
  check_problem("a cookie domain at the top",
                "realms:\n" + a + "session: { secret: " + kSecretA +
                    ", cookie: { domain: a.test } }\nupstreams: { wiki: "
                    "http://wiki:8080 }\nroutes: [{ path: /*, upstream: wiki }]\n",
                "session.cookie.domain: stands beside realms: move it into one, as realms.default.cookie_domain");
  check_problem("no Logto in it", file("  a: { external_urls: [https://a.test] }\n"),
                "realms.a.logto.endpoint: required");
  check_problem("no URL in it", file("  a: { " + kLogto + " }\n"), "realms.a.external_urls: required");
  check_problem("no secret in it", file(realm("a", "https://a.test", "", "logto: { endpoint: https://t, app_id: a }")),
                "realms.a.logto.app_secret: required: expected the application's secret");
  check_problem("a name that cannot stand in a cookie's", file(realm("A.b", "https://a.test")),
                "realms.A.b: expected a name of at most 32 lower-case letters");
  check_problem("one host in two", file(a + realm("b", "https://a.test")),
                "realms.b: a request to a.test could also be one of the realm a (https://a.test)");
  check_problem("one Host in two", file(a + realm("b", "http://a.test")), "realms.b: a request to a.test could also");
  check_problem("two ports of one host", file(a + realm("b", "https://a.test:8443")), "");
  check_problem("a wildcard over another's host",
                file(realm("a", "https://w.b.test") +
                     realm("b", "\"https://*.b.test\"", ", sign_in_url: https://b.test, cookie_domain: b.test")),
                "realms.b: a request to *.b.test could also be one of the realm a (https://w.b.test)");
  check_problem("one backchannel_url in two",
                file(realm("a", "https://a.test", "",
                           "logto: { endpoint: https://t, app_id: a, app_secret: x, backchannel_url: http://p:1 }") +
                     realm("b", "https://b.test", "",
                           "logto: { endpoint: https://t, app_id: a, app_secret: x, backchannel_url: http://p:1 }")),
                "realms.b: a request to p:1 could also be one of the realm a (http://p:1)");
  check_problem("a route for nobody's host", file(a, "", "[{ host: c.test, path: /*, upstream: wiki }]"),
                "routes[1].host: none of external_urls has the host 'c.test'");
  const std::string both = a + realm("b", "https://b.test");
  const std::string everything = "{ path: /*, upstream: wiki }",
                    admin = "{ path: /x/*, upstream: wiki, require: { roles: [r] } }";
  check_problem(
      "a rule behind a route for each of them",
      file(both, "",
           "[{ host: a.test, path: /*, upstream: wiki }, { host: b.test, path: /*, upstream: wiki }, " + admin + "]"),
      "routes[3]: never matches: route #1 a.test/* stands before it");
  check_problem("a rule that holds in one",
                file(both, "", "[{ host: a.test, path: /*, upstream: wiki }, " + admin + "]"), "");
  check_problem("a rule behind a route for all", file(both, "", "[" + everything + ", " + admin + "]"),
                "routes[2]: never matches: route #1 /* stands before it");
  check_problem("an unknown key in it", file(realm("a", "https://a.test", ", cookie_domian: a.test")),
                "realms.a.cookie_domian: unknown key, did you mean 'cookie_domain'?");
  check_problem("a value of the wrong kind in it",
                file(realm("a", "https://a.test", "", "logto: { endpoint: https://t/x, app_id: a, app_secret: x }")),
                "realms.a.logto.endpoint: expected an origin");
}

TEST_CASE("rules of one realm do not bind another") {
  const auto config = parse_config(file(realm("a", "https://a.test") + realm("b", "https://b.test"), "",
                                        "[{ host: a.test, path: /*, upstream: wiki, require: { organizations: [o] } }, "
                                        "{ path: /*, upstream: wiki }]"),
                                   "f", usual_environment());
  REQUIRE(config.ok());
  const auto& realms = config->settings->realms;
  CHECK(realms[0].logto.scopes.size() == realms[1].logto.scopes.size() + 1);
  REQUIRE(config->warnings.size() == 1);
  CHECK(config->warnings[0].find("it is added to realms.a.logto.scopes") != std::string::npos);
}

TEST_CASE("what is printed of realms is read back, and shows no secret") {
  const auto whole =
      loaded(file(realm("a", "https://a.test") +
                  realm("b", "\"https://*.b.test\"", ", sign_in_url: https://auth.b.test, cookie_domain: b.test")));
  std::string printed = print_config(*whole);
  CHECK(printed.find("\nlogto:") == std::string::npos);
  CHECK(printed.find("external_urls: []") == std::string::npos);
  CHECK(printed.find("app_secret: x") == std::string::npos);
  for (std::size_t at; (at = printed.find("********")) != std::string::npos;) {
    const bool is_app_secret =
        printed.rfind("app_secret", at) != std::string::npos && at - printed.rfind("app_secret", at) < 16;
    printed.replace(at, 8, is_app_secret ? "x" : kSecretA);
  }
  const auto again = loaded(printed);
  CHECK(differing_keys(*whole, *again).empty());
  CHECK(again->realms[1].cookie_domain == "b.test");
}

TEST_CASE("one sign-in origin needs cookies that reach it") {
  const auto with = [](const std::string& urls, const std::string& sign_in, const std::string& domain) {
    const std::string cookie = domain.empty() ? "" : ", cookie: { domain: " + domain + " }";
    return good_config({{"external_urls", "external_urls: [" + urls + "]\n"},
                        {"session", "session: { secret: " + kSecretA + cookie + " }\n"},
                        {"z", sign_in.empty() ? "" : "sign_in_url: " + sign_in + "\n"}});
  };
  const std::string two = "https://a.example.com, https://b.example.com";
  const std::string any = "\"https://*.example.com\"";
  const std::string auth = "https://auth.example.com";
  check_problem("with a domain over all", with(two, auth, "example.com"), "");
  check_problem("with a wildcard", with(any, auth, "example.com"), "");
  check_problem("the domain in capitals and as an external URL", with("https://example.com", auth, "Example.com"), "");
  check_problem("a domain alone", with(two, "", "example.com"), "");
  check_problem("ports of one host need no domain", with("https://a.example.com:8443", "https://a.example.com", ""),
                "");
  check_problem("a wildcard without sign_in_url", with(any, "", "example.com"),
                "external_urls: the wildcard https://*.example.com needs sign_in_url");
  check_problem("no domain", with(two, auth, ""), "sign_in_url: needs a cookie domain");
  check_problem("another scheme", with(two, "http://auth.example.com", "example.com"),
                "sign_in_url: is http, https://a.example.com is not");
  check_problem("a domain that misses an external URL", with("https://a.example.org", auth, "example.com"),
                "session.cookie.domain: expected a parent domain of all external URLs and of sign_in_url, but "
                "a.example.org is not below example.com");
  check_problem("a domain that misses the wildcard's", with(any, "https://x.auth.example.com", "auth.example.com"),
                "session.cookie.domain: expected a parent domain");
  check_problem("a sign_in_url elsewhere", with(two, "https://auth.example.org", "example.com"),
                "session.cookie.domain: expected a parent domain");
  for (const char* bad : {"com", "co.uk", "github.io", "127.0.0.1", "\"[::1]\"", "\".example.com\"",
                          "\"*.example.com\"", "example.com:443", "\"\""}) {
    INFO(bad);
    const std::string problems = problems_of(with(two, "", bad));
    CHECK_MESSAGE(problems.find("session.cookie.domain: expected a domain such as example.com") != std::string::npos,
                  problems);
  }
  for (const char* bad : {"https://*.com", "https://*", "https://*.127.0.0.1", "https://a.*.example.com",
                          "https://*.*.example.com", "https://x*.example.com", "https://*.example.com/x"}) {
    INFO(bad);
    CHECK(problems_of(with("\"" + std::string(bad) + "\"", auth, "example.com")).find("external_urls: expected") !=
          std::string::npos);
  }
  check_problem("a name that forbids a domain",
                good_config({{"session", "session: { secret: " + kSecretA +
                                             ", cookie: { name: __Host-x, domain: example.com } }\n"}}),
                "session.cookie.name: browsers drop a cookie of this name that has a domain");
  const auto notes = notes_on(*loaded(with(two, auth, "example.com")));
  CHECK(std::any_of(notes.begin(), notes.end(), [](const std::string& note) {
    return note.find("the session goes to every host below example.com") != std::string::npos;
  }));
}

TEST_CASE("a wildcard route may name a host of a wildcard URL") {
  const auto with = [](const std::string& host) {
    return problems_of(
        good_config({{"external_urls", "external_urls: [\"https://*.example.com\"]\n"},
                     {"session", "session: { secret: " + kSecretA + ", cookie: { domain: example.com } }\n"},
                     {"z", "sign_in_url: https://auth.example.com\n"},
                     {"routes", "routes: [{ host: \"" + host + "\", path: /*, upstream: wiki }]\n"}}));
  };
  CHECK(with("wiki.example.com") == "");
  CHECK(with("*.example.com") == "");
  CHECK(with("a.b.example.com") != "");
  CHECK(with("example.com") != "");
}
