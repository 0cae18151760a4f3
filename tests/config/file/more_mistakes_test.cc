#include <doctest/doctest.h>

#include <algorithm>

#include "config/file/load.h"
#include "tests/support/config.h"
#include "tests/support/written_config.h"

// Mistakes of a second kind: those of people who know another program, another editor or another language.
using namespace lp;
using namespace lp::test;

namespace {

const std::string kSecret = "har6yZOaDknReW49sUGPNJnBb8tbZgF4VMz1oS0XP3U=";

std::string with_path(const std::string& path) { return with("path: /*", "path: " + path); }

struct Mistake {
  const char* name;
  std::string text;
  const char* line;       // among those that are told; a beginning is enough
  std::size_t lines = 1;  // that are told in all
};

void check_all(const std::vector<Mistake>& mistakes) {
  for (const auto& mistake : mistakes) {
    CAPTURE(mistake.name);
    const std::string told = problems_of(mistake.text, usual_environment());
    INFO(told);
    CHECK(("\n" + told).find(std::string("\n") + mistake.line) != std::string::npos);
    CHECK(static_cast<std::size_t>(std::count(told.begin(), told.end(), '\n')) == mistake.lines);
    CHECK(told.find("very-secret") == std::string::npos);
    CHECK(told.find("hunter2") == std::string::npos);
  }
}

}  // namespace

TEST_CASE("a file of another kind is told once, by what it is") {
  check_all({
      {"nothing", "", "f:1:1: the file holds nothing: ", 7},
      {"comments", "# external_urls: [x]\n", "f:1:1: the file holds nothing: ", 7},
      {"a compose file", "services:\n  proxy: { image: x }\n", "f:1:1: this is a compose file: "},
      {"a manifest", "apiVersion: v1\nkind: ConfigMap\n", "f:1:1: this is a manifest of Kubernetes: "},
      {"TOML", "provider = \"oidc\"\ncookie_secret = \"hunter2\"\n",
       "f:1:1: expected a map of keys, found a text with '=': "},
      {"variables", "LOGTO_ENDPOINT=https://x\nSECRET=hunter2\n",
       "f:1:1: expected a map of keys, found a text with '=': "},
      {"HTML", "<!doctype html><p>hunter2</p>\n", "f:1:1: expected a map of keys, found a text: "},
      {"a list", "- a\n- b\n", "f:1:1: expected a map of keys, found a list: "},
  });
}

TEST_CASE("what an editor, a keyboard or git has left in the file") {
  check_all({
      {"a conflict", with("session:", "<<<<<<< HEAD\nsession:"), "f:7:1: a conflict of git that nobody has resolved"},
      {"a no-break space behind a colon",
       with("app_id: app",
            "app_id:\xc2\xa0"
            "app"),
       "f:5:10: a no-break space (U+00A0) behind the colon: put a plain blank in its place"},
      {"a dash for a list item", with("  - path", "  \xe2\x80\x93 path"),
       "f:12:3: a dash of a word processor where a list item begins: write '- '"},
      {"a space that nobody sees", with("app_id: app", "app_id: app\xe2\x80\x8b"),
       "f:5:11: logto.app_id: expected visible ASCII characters, found 'app\xe2\x80\x8b' (a space of no width "
       "(U+200B)"},
      {"a comma of another script", with("[https://app.test]", "[https://a.test\xe3\x80\x81https://b.test]"),
       "f:1:17: external_urls: expected an origin such as https://app.example.com, found"},
      {"a colour that is a comment", and_also("pages: { colors: { accent: #0b6e4f } }\n"),
       "f:14:18: the { that opens here is not closed: behind a blank, # begins a comment"},
      {"a comment of another language", and_also("// x: y\n"), "f:14:1: // x: unknown key: a comment begins with '#'"},
      {"an address in brackets", with("127.0.0.1:8080", "[::]:8080"),
       "f:2:9: a text that begins with '[' needs quotes around it: write \"[::]:8080\""},
      {"a bracket too many", with("[https://app.test]", "[https://app.test]]"),
       "f:1:34: text behind the closing bracket"},
      {"a name of a variable with a hyphen", with("app_id: app", "app_id: ${app-id}"),
       "f:5:11: logto.app_id: expected ${NAME} or ${NAME:-default}, NAME of letters, digits and '_'"},
  });
}

TEST_CASE("paths as routers of other kinds write them") {
  check_all({
      {"a colon", with_path("/users/:id/edit"),
       "f:12:11: routes[1].path: expected a path, found '/users/:id/edit': parameters have no names here; for any "
       "value write a regex, path: '~ /users/[^/]+/edit'"},
      {"braces", with_path("/v1.0/{id}/*"),
       "f:12:11: routes[1].path: expected a path, found '/v1.0/{id}/*': parameters have no names here; for any value "
       "write a regex, path: '~ /v1\\.0/[^/]+/.*'"},
      {"angles", with_path("/u/<name>"), "f:12:11: routes[1].path: expected a path, found '/u/<name>': parameters"},
      {"without its slash, and all below", with_path("admin/*"),
       "f:12:11: routes[1].path: expected a path that starts with '/', found 'admin/*': write /admin/*"},
      {"a broken path hides nothing", with_path("/a{b") + "  - { path: /b, require: { roles: [a] }, upstream: app }\n",
       "f:12:11: routes[1].path: expected a path of characters that RFC 3986 allows"},
  });
  CHECK(problems_of(with_path("/v1/secrets/s:access"), usual_environment()).empty());
  CHECK(problems_of(with_path("/a/:8080"), usual_environment()).empty());
}

TEST_CASE("values in other words than ours") {
  check_all({
      {"yes", and_also("    preflight: yes\n"),
       "f:14:16: routes[1].preflight: expected true or false, found 'yes': write true\n"},
      {"False", and_also("    preflight: False\n"),
       "f:14:16: routes[1].preflight: expected true or false, found 'False': write false\n"},
      {"a word in capitals", with("session:", "session:\n  cookie: { same_site: None }"),
       "f:8:24: session.cookie.same_site: expected lax or none, found 'None', did you mean 'none'?\n"},
      {"half a word", and_also("log: { level: warn }\n"),
       "f:14:15: log.level: expected debug, info, warning or error, found 'warn', did you mean 'warning'?\n"},
      {"a method in small letters", and_also("    methods: [get]\n"),
       "f:14:15: routes[1].methods: expected a method in upper case such as GET, found 'get': write GET\n"},
      {"a connector alone", and_also("    sign_in: { with: linkedin }\n"),
       "f:14:22: routes[1].sign_in.with: expected social:TARGET (as in social:linkedin) or sso:CONNECTOR_ID, found "
       "'linkedin': write social:linkedin\n"},
      {"a connector with its kind", and_also("    require: { social: [social:linkedin] }\n"),
       "f:14:25: routes[1].require.social: expected a social target such as linkedin or patreon, found "
       "'social:linkedin': write linkedin\n"},
      {"a status for an answer", with("    upstream: app\n", "    respond: 404\n"),
       "f:13:14: routes[1].respond: expected a map of keys, found '404': write { status: 404 }\n"},
      {"scopes in one text", with("  app_id: app\n", "  app_id: app\n  scopes: [\"profile,email\"]\n"),
       "f:6:12: logto.scopes: expected one scope in each element of the list, found 'profile,email'"},
      {"a wildcard for a domain", with("session:", "session:\n  cookie: { domain: '*.app.test' }"),
       "f:8:21: session.cookie.domain: expected a domain such as example.com, a parent of all external URLs, found "
       "'*.app.test': write app.test\n"},
      {"several hosts", and_also("    host: [a.test, b.test]\n"),
       "f:14:11: routes[1].host: expected a host or *.DOMAIN, found a list: write one value, without [ ] and '- ', in "
       "a route for each\n"},
      {"a placeholder", with("app_id: app", "app_id: your-app-id"),
       "f:5:11: logto.app_id: 'your-app-id' is a word that stands where the id is to come"},
      {"letters of another script in a host",
       with("https://app.test",
            "https://b\xc3\xbc"
            "cher.test"),
       "f:1:17: external_urls: expected an origin such as https://app.example.com, found 'https://b\xc3\xbc"
       "cher.test' (a URL holds only visible ASCII, no backslash and no fragment): a host in other letters is written "
       "as its xn--... name\n"},
  });
}

TEST_CASE("addresses that cannot be meant so") {
  check_all({
      {"the proxy itself", with("http://127.0.0.1:9000", "http://localhost:8080"),
       "f:10:8: upstreams.app.url: is where this proxy itself listens (listen[1]): "},
      {"itself, of all addresses", with("listen: 127.0.0.1:8080", "listen: 0.0.0.0:9000"),
       "f:10:8: upstreams.app.url: is where this proxy itself listens (listen[1]): "},
      {"the admin listener", with("http://127.0.0.1:9000", "http://127.0.0.1:9180"),
       "f:10:8: upstreams.app.url: is where this proxy itself listens (admin.listen): "},
      {"a WebSocket's", with("http://127.0.0.1:9000", "ws://127.0.0.1:9000"),
       "f:10:8: upstreams.app.url: expected http://HOST:PORT, https://HOST:PORT, h2c://HOST:PORT or unix:/PATH, found "
       "'ws://127.0.0.1:9000': WebSockets go "
       "that way too, write http://127.0.0.1:9000\n"},
      {"FastCGI", with("http://127.0.0.1:9000", "fastcgi://127.0.0.1:9000"),
       "f:10:8: upstreams.app.url: expected http://HOST:PORT, https://HOST:PORT, h2c://HOST:PORT or unix:/PATH, found "
       "'fastcgi://127.0.0.1:9000': apps are "
       "spoken to in HTTP; "},
      {"a port", with("http://127.0.0.1:9000", "9000"),
       "f:10:8: upstreams.app.url: expected http://HOST:PORT, https://HOST:PORT, h2c://HOST:PORT or unix:/PATH, found "
       "'9000' (it begins "
       "with http://): "
       "write http://127.0.0.1:9000\n"},
      {"a password", with("http://127.0.0.1:9000", "http://me:hunter2@127.0.0.1:9000"),
       "f:10:8: upstreams.app.url: a user or a password stands in the URL (not shown)"},
      {"a password of Logto", with("https://t.logto.app", "https://me:hunter2@t.logto.app"),
       "f:4:13: logto.endpoint: a user or a password stands in the URL (not shown)"},
      {"Logto's Console", with("https://t.logto.app", "https://cloud.logto.io"),
       "f:4:13: logto.endpoint: is Logto's Console, not your tenant: "},
      {"no upstreams but one", with("upstreams:\n  app: http", "upstreams: http"),
       "f:9:12: upstreams: expected a map of names, found 'http://127.0.0.1:9000'"},
      {"an upstream that is not there", with("upstream: app", "upstream: grafana"),
       "f:13:15: routes[1].upstream: no upstream is called 'grafana': define it under upstreams, where there is app\n"},
      {"an address without a port", with("127.0.0.1:8080", "0.0.0.0"),
       "f:2:9: listen[1].address: expected an address such as 127.0.0.1:8080, 0.0.0.0:8080, \"[::]:8080\" or "
       "unix:/path, found '0.0.0.0': its port is missing\n"},
      {"a port that is too high", with("127.0.0.1:8080", "127.0.0.1:80800"),
       "f:2:9: listen[1].address: expected an address such as 127.0.0.1:8080, 0.0.0.0:8080, \"[::]:8080\" or "
       "unix:/path, found '127.0.0.1:80800': a port is at most 65535\n"},
      {"Redis in one line", and_also("redis: redis://x\n"),
       "f:14:8: redis: expected a map of keys, found 'redis://x': write 'KEY: VALUE' below it"},
  });
}

TEST_CASE("keys that stand elsewhere, or need not be said") {
  check_all({
      {"a rule on a route", and_also("    roles: [admin]\n"),
       "f:14:5: routes[1].roles: unknown key here: rules stand under require, as in require: { roles: ... }\n"},
      {"a flag of cookies", with("session:", "session:\n  cookie: { secure: true }"),
       "f:8:13: session.cookie.secure: unknown key: our cookies are HttpOnly by themselves, Secure on https://"},
      {"a field without set", and_also("response_headers: { X-Frame-Options: DENY }\n"),
       "f:14:21: response_headers.X-Frame-Options: unknown key: write set: { X-Frame-Options: ... }\n"},
      {"a host that is not ours", and_also("    host: wiki.test\n"),
       "f:14:11: routes[1].host: none of external_urls has the host 'wiki.test': name it there too, as "
       "https://wiki.test\n"},
      {"a secret with its name", with(kSecret, "SESSION_SECRET=hunter2hunter2hunter2hunter2"),
       "f:8:11: session.secret: is NAME=VALUE (not shown): expected the secret alone"},
      {"a file's name for a secret", with(kSecret, "/run/secrets/session"),
       "f:8:11: session.secret: expected base64 of 32 bytes or more (the value is not shown); `logto-proxy secret` "
       "prints one (this one has 15); the name of a file is for secret_file\n"},
      {"a command for a secret", with("very-secret-app-secret", "$(cat hunter2)"),
       "f:6:15: logto.app_secret: the name of a variable would be taken as it is: a variable is written ${NAME}\n"},
  });
}

TEST_CASE("what is remarked, for it may be meant") {
  const auto warnings_of = [](const std::string& text) {
    const auto loaded = parse_config(text, "f", usual_environment());
    REQUIRE(loaded.ok());
    std::string all;
    for (const std::string& one : loaded->warnings) all += one + "\n";
    return all;
  };
  CHECK(warnings_of(and_also("identity_headers: { email: X-User-Mail }\n"))
            .find("identity_headers.email: it is HEADER: CLAIM: write X-User-Mail: email") != std::string::npos);
  CHECK(warnings_of(with("  app_id: app\n", "  app_id: app\n  scopes: [profil, email, roles, read:things]\n"))
            .find("logto.scopes: Logto has no scope 'profil' of its own, did you mean 'profile'?") !=
        std::string::npos);
  CHECK(warnings_of(with("  app_id: app\n", "  app_id: app\n  scopes: [profile, email, roles, read:things]\n"))
            .find("Logto has no scope") == std::string::npos);
  CHECK(warnings_of(and_also("request_headers: { set: { X-Who: $remote_user } }\n"))
            .find("request_headers.set.X-Who: is sent as it stands: ") != std::string::npos);
  CHECK(warnings_of(with("http://127.0.0.1:9000", "http://app.test"))
            .find("upstreams.app.url: is one of external_urls") != std::string::npos);
  CHECK(warnings_of(with("https://t.logto.app", "https://app.test")).find("logto.endpoint: is one of external_urls") !=
        std::string::npos);
}
