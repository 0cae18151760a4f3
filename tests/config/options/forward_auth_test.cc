#include <doctest/doctest.h>

#include "config/check/check.h"
#include "config/file/load.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

std::string complaints_of(const std::map<std::string, std::string>& sections) {
  const std::string text = good_config(sections);
  const auto loaded = parse_config(text, "f", usual_environment());
  if (!loaded.ok()) return first_line(problems_of(text));
  std::string out;
  for (const auto& warning : loaded->warnings) out += (out.empty() ? "" : "\n") + warning;
  return out;
}

}  // namespace

TEST_CASE("routes may go without an upstream where another proxy sends their requests on") {
  const std::pair<const std::string, std::string> route = {"routes", "routes:\n- { path: /* }\n"};
  CHECK(complaints_of({route}).find("required: expected upstream, found nothing") != std::string::npos);
  for (const char* on :
       {"forward_auth: { enabled: true }\ntrusted_proxies: [10.0.0.1]\n", "forward_auth: { oauth2_proxy: true }\n"}) {
    CHECK(complaints_of({route, {"upstreams", ""}, {"z", on}}).empty());
  }
}

TEST_CASE("forward_auth that nobody may use is warned of") {
  CHECK(complaints_of({{"z", "forward_auth: { enabled: true }\n"}}).find("nobody may ask /_auth/check") !=
        std::string::npos);
}

TEST_CASE("what the asking proxy must replace is noted where it is more than the usual") {
  const auto noted = [](const std::string& route) {
    const auto loaded =
        parse_config(good_config({{"routes", "routes:\n- { path: /*, " + route + " }\n"},
                                  {"upstreams", ""},
                                  {"logto",
                                   "logto: { endpoint: https://t.logto.app, app_id: app, app_secret: s3cret, refresh: "
                                   "offline_access, scopes: [profile, identities] }\n"},
                                  {"z", "forward_auth: { enabled: true }\ntrusted_proxies: [10.0.0.1]\n"}}),
                     "f", usual_environment());
    REQUIRE(loaded.ok());
    for (const std::string& note : notes_on(*loaded->settings)) {
      if (note.starts_with("the proxy that asks /_auth/check must take these out")) return note;
    }
    return std::string();
  };
  CHECK(noted("access: signed_in").empty());
  CHECK(noted("require: { patreon: { campaign: 1 } }").find("Groups, X-Patreon-Campaign, X-Patreon-Tier,") !=
        std::string::npos);
  CHECK(noted("organization: abcdef").find("X-Forwarded-Organization;") != std::string::npos);
  CHECK(noted("identity_headers: { X-Who: sub }").find(", X-Who;") != std::string::npos);
}

TEST_CASE("/oauth2 belongs to oauth2-proxy's endpoints once they are on") {
  CHECK(complaints_of({{"z", "forward_auth: { oauth2_proxy: true }\nauth_prefix: /oauth2\n"}}).empty());
  CHECK(complaints_of({{"routes", "routes:\n- { path: /oauth2/*, upstream: wiki }\n"},
                       {"z", "forward_auth: { oauth2_proxy: true }\n"}})
            .find("never matches: paths below /oauth2") != std::string::npos);
}

TEST_CASE("oauth2-proxy's endpoints may have another prefix, which is theirs then") {
  const struct {
    const char* what;
    std::string more;
    std::string route;
    const char* complaint;  // a part of it; "" for none
  } cases[] = {
      {"another one", "oauth2_proxy: /sso", "path: /x/*, upstream: wiki", ""},
      {"a longer one", "oauth2_proxy: /a/b", "path: /a/c, upstream: wiki", ""},
      {"then /oauth2 is the app's", "oauth2_proxy: /sso", "path: /oauth2/*, upstream: wiki", ""},
      {"and this one is not", "oauth2_proxy: /sso", "path: /sso/*, upstream: wiki",
       "never matches: paths below /sso belong to forward_auth.oauth2_proxy"},
      {"a route for its checks", "oauth2_proxy: /sso", "path: /sso/auth, require: { roles: [a] }", ""},
      {"which has no app", "oauth2_proxy: /sso", "path: /sso/auth, upstream: wiki",
       "this route is for checks at /sso/auth"},
      {"/oauth2/auth is none then", "oauth2_proxy: /sso", "path: /admin/*, require: { roles: [a] }",
       "/sso/auth is not told which request it is about"},
      {"below ours", "oauth2_proxy: /_auth/check", "path: /x/*, upstream: wiki",
       "forward_auth.oauth2_proxy: expected a path that is auth_prefix (/_auth) itself or neither below nor above"},
      {"ours itself", "oauth2_proxy: /_auth", "path: /x/*, upstream: wiki", ""},
      {"the root", "oauth2_proxy: /", "path: /x/*, upstream: wiki", "forward_auth.oauth2_proxy: expected a path"},
      {"a slash too many", "oauth2_proxy: /sso/", "path: /x/*, upstream: wiki",
       "forward_auth.oauth2_proxy: expected a"},
      {"no path", "oauth2_proxy: sso", "path: /x/*, upstream: wiki",
       "forward_auth.oauth2_proxy: expected true, false or a path such as /oauth2, found 'sso'"},
      {"off", "oauth2_proxy: false", "path: /oauth2/*, upstream: wiki", ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    const std::string said =
        complaints_of({{"upstreams", "upstreams: { wiki: { url: http://127.0.0.1:1 } }\n"},
                       {"routes", "routes:\n- { " + c.route + " }\n- { path: /*, upstream: wiki }\n"},
                       {"z", "forward_auth: { " + c.more + " }\n"}});
    CAPTURE(said);
    CHECK((c.complaint[0] == '\0' ? said.empty() : said.find(c.complaint) != std::string::npos));
  }
}

TEST_CASE("what proves who asks") {
  const auto forward_auth = [](const std::string& keys) {
    return complaints_of({{"z", "forward_auth: { enabled: true, " + keys + " }\ntrusted_proxies: [10.0.0.1]\n"}});
  };
  for (const char* good :
       {"secret: w8Kq2Zr7Tm4Xc9Vb", "secret: '${SESSION_SECRET}'", "listen: 127.0.0.1:9000", "listen: unix:/run/c.sock",
        "listen: [127.0.0.1:9000, '[::1]:9000'], secret: w8Kq2Zr7Tm4Xc9Vb",
        "secret: w8Kq2Zr7Tm4Xc9Vb, secret_header: X-Edge-Key"}) {
    CAPTURE(good);
    CHECK(forward_auth(good).empty());
  }
  const struct {
    const char* keys;
    const char* complaint;
  } bad[] = {
      {"secret: w8Kq2Zr7Tm4Xc9V", "forward_auth.secret: expected at least 16 characters"},
      {"secret: 'w8Kq2Zr7Tm 4Xc9Vb'", "forward_auth.secret: expected visible ASCII"},
      {"secret: w8Kq2Zr7Tm4Xc9Vb, secret_file: x", "forward_auth.secret_file"},
      {"secret_file: /nowhere/x", "forward_auth.secret_file"},
      {"listen: 127.0.0.1:8080", "forward_auth.listen[1]: the same address as listen[1]"},
      {"listen: 127.0.0.1:9180", "the admin listener and a public one cannot share"},
      {"listen: [127.0.0.1:9000, 127.0.0.1:9000]",
       "forward_auth.listen[2]: the same address as forward_auth.listen[1]"},
      {"listen: localhost:9000", "forward_auth.listen: expected"},
      {"secret: w8Kq2Zr7Tm4Xc9Vb, secret_header: 'X Key'", "expected the name of a header field"},
      {"secret: w8Kq2Zr7Tm4Xc9Vb, secret_header: Cookie", "a name that begins with X-"},
      {"secret: w8Kq2Zr7Tm4Xc9Vb, secret_header: X-Forwarded-User", "a name that begins with X-"},
      {"secret: w8Kq2Zr7Tm4Xc9Vb, secret_header: X-Original-URL", "a name that begins with X-"},
  };
  for (const auto& c : bad) {
    CAPTURE(c.keys);
    const std::string found = forward_auth(c.keys);
    CAPTURE(found);
    CHECK(found.find(c.complaint) != std::string::npos);
  }
}

TEST_CASE("answers that would tell a secret to anybody are warned of, by route and key") {
  const std::string route =
      "routes:\n- { path: /a/*, access: public, identity_headers: { X-Key: { value: k } } }\n"
      "- { path: /b/*, authorization: { basic: { username: svc, password: pw } } }\n- { path: /* }\n";
  const auto with = [&](const std::string& keys) {
    return complaints_of(
        {{"upstreams", ""}, {"routes", route}, {"z", "forward_auth: { " + keys + " }\ntrusted_proxies: [10.0.0.1]\n"}});
  };
  CHECK(with("enabled: true")
            .find("checks are refused for #1 /a/* (identity_headers.X-Key), #2 /b/* (authorization): "
                  "nothing proves who asks") != std::string::npos);
  CHECK(with("oauth2_proxy: true").find("tell who it is and no more for #1 /a/*") != std::string::npos);
  CHECK(with("oauth2_proxy: true").find("refused") == std::string::npos);
  const std::string both = with("enabled: true, oauth2_proxy: true, secret_header: X-Mine");
  CHECK(both.find("at /_auth/check (403) checks are refused for #1 /a/* (identity_headers.X-Key), #2 /b/* "
                  "(authorization); at /oauth2/auth answers tell who it is and no more for #1") != std::string::npos);
  CHECK(both.find("let the proxy that asks send it in X-Mine") != std::string::npos);
  CHECK(with("enabled: true, secret: w8Kq2Zr7Tm4Xc9Vb").empty());
  CHECK(with("enabled: true, listen: 127.0.0.1:9000").empty());
}

TEST_CASE("the route for /oauth2/auth is said to be answered with less there, and to be refused nowhere") {
  const std::string route =
      "routes:\n- { path: /oauth2/auth, require: { roles: [a] }, authorization: { bearer: id_token } }\n- { path: /* "
      "}\n";
  const std::string found = complaints_of(
      {{"upstreams", ""},
       {"routes", route},
       {"z",
        "auth_prefix: /oauth2\nforward_auth: { enabled: true, oauth2_proxy: true }\ntrusted_proxies: [10.0.0.1]\n"}});
  CAPTURE(found);
  CHECK(found.find("at /oauth2/auth answers tell who it is and no more for #1 /oauth2/auth (authorization): nothing "
                   "proves who asks") != std::string::npos);
  CHECK(found.find("refused") == std::string::npos);
}

TEST_CASE("rules that nobody asks keep it from starting") {
  const std::string admin = "- { path: /admin/*, require: { roles: [admin] } }\n";
  const std::string everything = "- { path: /* }\n";
  const std::string named = "- { path: /oauth2/auth, require: { roles: [admin] } }\n";
  const std::string named_staff = "- { path: /oauth2/auth, require: { roles: [staff] } }\n";
  const std::string trusted = "trusted_proxies: [10.0.0.1]\n";
  const struct {
    const char* what;
    std::string routes;
    bool is_asked;
    std::string more = {};
  } cases[] = {
      {"no rule", everything, true},
      {"a rule, and nobody who tells", admin + everything, false},
      {"a route for all checks that asks for as much", named + admin + everything, true},
      {"one that asks for something else", named_staff + admin + everything, false},
      {"one that does not judge all", "- { path: /oauth2/auth, methods: [GET], require: { roles: [admin] } }\n" + admin,
       false},
      {"one alone", named, true},
      {"one behind everything, which does not hide it", everything + named, true},
      {"a proxy that may tell", admin + everything, true, trusted},
      {"a deny rule", "- { path: /a/*, deny: { roles: [banned] } }\n" + everything, false},
      {"nobody at all", "- { path: /a/*, access: deny }\n" + everything, false},
      {"a rule in shadow", "- { path: /a/*, shadow: true, require: { roles: [x] } }\n" + everything, true},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    const std::string found = complaints_of({{"upstreams", ""},
                                             {"routes", "routes:\n" + c.routes},
                                             {"z", "forward_auth: { oauth2_proxy: true }\n" + c.more}});
    CAPTURE(found);
    CHECK((found.find("its rules are never asked") == std::string::npos) == c.is_asked);
  }
  CHECK(complaints_of({{"routes", "routes:\n- { path: /oauth2/auth, upstream: wiki }\n"},
                       {"z", "forward_auth: { oauth2_proxy: true }\n"}})
            .find("routes[1].upstream: takes none") != std::string::npos);
}
