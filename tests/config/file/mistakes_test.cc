#include <doctest/doctest.h>

#include <sys/stat.h>

#include <algorithm>

#include "config/file/load.h"
#include "tests/support/config.h"
#include "tests/support/written_config.h"

// Mistakes that a person makes in a configuration file, and what each is told: what, where, how to mend it.
using namespace lp;
using namespace lp::test;

namespace {

struct Mistake {
  const char* name;
  std::string text;
  std::vector<std::string> lines;  // each must be among those that are told; a beginning is enough
};

void check_all(const std::vector<Mistake>& mistakes, const Environment& env = usual_environment()) {
  for (const auto& mistake : mistakes) {
    CAPTURE(mistake.name);
    const std::string told = "\n" + problems_of(mistake.text, env);
    for (const auto& line : mistake.lines) {
      INFO(told);
      CHECK_MESSAGE(told.find("\n" + line) != std::string::npos, line);
    }
    CHECK(told.find("very-secret") == std::string::npos);
    CHECK(told.find("har6yZO") == std::string::npos);
  }
}

}  // namespace

TEST_CASE("the file without a mistake is right") { CHECK(problems_of(kGood) == ""); }

TEST_CASE("indentation") {
  check_all({
      {"a tab", with("  app_id", "\tapp_id"), {"f:5:1: a tab in the indentation: YAML indents by blanks only"}},
      {"a tab behind blanks", with("  app_id", "  \tapp_id"), {"f:5:3: a tab in the indentation"}},
      {"a tab before a list item", with("  - path", "\t- path"), {"f:12:1: a tab in the indentation"}},
      {"a tab in a file of Windows", "a: 1\r\nb:\r\n\tc: 2\r\n", {"f:3:1: a tab in the indentation"}},
      {"a full-width space",
       with("  app_id",
            "\xe3\x80\x80"
            "app_id"),
       {"f:5:1: a full-width space (U+3000) in the indentation: put a plain blank in its place"}},
      {"a no-break space", with("  app_id", "\xc2\xa0 app_id"), {"f:5:1: a no-break space (U+00A0)"}},
      {"one blank too many",
       with("  app_id", "   app_id"),
       {"f:5:4: this line is indented by 3 blanks, line 4 above it, which has its value already, by 2 blanks: indent "
        "both alike"}},
      {"one blank too few",
       with("  app_id", " app_id"),
       {"f:5:2: this line is indented by 1 blank, and no line above it that it could go on with: indent it by 2 blanks "
        "as the key in line 4, or by 0 blanks as the key in line 3"}},
      {"a list item too far left",
       and_also(" - path: /b\n"),
       {"f:14:2: this line is indented by 1 blank, and no line above it that it could go on with: indent it by 2 "
        "blanks "
        "as the '-' in line 12"}},
      {"a list item too far right", and_also("   - path: /b\n"), {"f:14:4: this line is indented by 3 blanks"}},
      {"a key of an item too far right", with("    upstream: app", "     upstream: app"), {"f:13:6: this line is"}},
      {"a key of an item too far left", with("    upstream: app", "   upstream: app"), {"f:13:4: this line is"}},
      {"a key of an item below its '-'",
       with("    upstream: app", "  upstream: app"),
       {"f:13:3: a key where the list of line 12 goes on: begin it with '- ', or indent it as the keys of that item"}},
      {"a top key in a route",
       and_also("    workers: 2\n"),
       {"f:14:5: routes[1].workers: unknown key here: workers stands at the top of the file, its line begins in the "
        "first column"}},
  });
}

TEST_CASE("brackets and quotes that are not closed are named where they open") {
  check_all({
      {"[ in the first line",
       with("[https://app.test]", "[https://app.test"),
       {"f:1:16: the [ that opens here is not closed before line 2, where something else begins"}},
      {"{ in the last",
       with("  - path: /*\n    upstream: app\n", "  - { path: /*, upstream: app\n"),
       {"f:12:5: the { that opens here is not closed"}},
      {"[ closed by }",
       with("[https://app.test]", "[https://app.test}"),
       {"f:1:16: the [ that opens here is not closed before the } in line 1"}},
      {"one ] too many",
       with("[https://app.test]", "[https://app.test]]"),
       {"f:1:34: text behind the closing bracket"}},
      {"a quote", with("app_id: app", "app_id: \"app"), {"f:5:11: the quote that opens here is never closed"}},
      {"a quote, and another one below",
       with("app_id: app\n  app_secret: very-secret-app-secret", "app_id: \"app\n  app_secret: \"very-secret\""),
       {"f:5:11: the quote that opens here is not closed in its line: the next one is in line 6, with text behind it"}},
      {"a quote inside",
       with("app_id: app", "app_id: 'it's'"),
       {"f:5:15: text behind the closing quote; a ' inside is written ''"}},
      {"a regex in double quotes",
       with("path: /*", "path: \"~ /.*\\.png\""),
       {"f:12:17: \\. means nothing in \"double quotes\": write '...' in place of them, or \\\\."}},
      {"a comma that is missing",
       with("  - path: /*\n    upstream: app\n", "  - { path: /* upstream: app }\n"),
       {"f:12:24: a text with ': ' in it needs quotes around it, or a comma is missing before its key"}},
  });
}

TEST_CASE("texts that need quotes") {
  check_all({
      {"*",
       with("[https://app.test]", "\n  - *.example.com"),
       {"f:2:5: a text that begins with '*' needs quotes around it: write \"*.example.com\""}},
      {"* in brackets", with("[https://app.test]", "[*.example.com]"), {"f:1:17: a text that begins with '*'"}},
      {"&", with("app_id: app", "app_id: &app"), {"f:5:11: a text that begins with '&' needs quotes around it"}},
      {"@", with("app_id: app", "app_id: @app"), {"f:5:11: a text that begins with '@' needs quotes around it"}},
      {"%", with("app_id: app", "app_id: %APP%"), {"f:5:11: a text that begins with '%' needs quotes around it"}},
      {"`", with("app_id: app", "app_id: `app`"), {"f:5:11: a text that begins with '`' needs quotes around it"}},
      {"!", with("app_id: app", "app_id: !app"), {"f:5:11: a text that begins with '!' needs quotes around it"}},
      {"|", with("app_id: app", "app_id: | app"), {"f:5:11: a text that begins with '|' needs quotes around it"}},
      {"{{",
       with("app_id: app", "app_id: {{ id }}"),
       {"f:5:11: a text that begins with '{{' needs quotes around it; or nobody has filled in this template"}},
      {"#",
       with("app_secret: very-secret-app-secret", "app_secret: #abc"),
       {"f:6:3: logto.app_secret: required: expected the application's secret (or app_secret_file), found nothing: "
        "what "
        "begins with '#' is a comment, put quotes around it"}},
      {"a colon inside",
       with("app_id: app", "app_id: a: b"),
       {"f:5:12: a text with ': ' in it needs quotes around it: write \"a: b\""}},
      {"a secret with @ is not shown",
       with("app_secret: very", "app_secret: @very"),
       {"f:6:15: a text that begins with '@' needs quotes around it: write \"...\""}},
      {"a variable in brackets",
       with("[https://app.test]", "[${URL}]"),
       {"f:1:17: inside { } and [ ], ${...} needs quotes around it"}},
  });
}

TEST_CASE("keys and colons") {
  check_all({
      {"no blank behind a colon",
       with("app_id: app", "app_id:app"),
       {"f:5:9: no blank behind the colon: write 'app_id: app'"}},
      {"of the first key",
       with("endpoint: https", "endpoint:https"),
       {"f:4:11: no blank behind the colon: write 'endpoint: https://t.logto.app'"}},
      {"of a secret, which is not shown",
       with("app_secret: very", "app_secret:very"),
       {"f:6:13: no blank behind the colon: write 'app_secret: ...'"}},
      {"in braces", with("session:\n  secret: ", "session: {secret:") + "}\n", {"f:7:10: "}},
      {"of an only key",
       with("session:\n  secret: ", "session:\n  secret:"),
       {"f:8:3: session: expected a map of keys, found a text: no blank behind the colon: write 'secret: ...'"}},
      {"=",
       with("listen: 127", "listen = 127"),
       {"f:2:1: expected 'key: value', found 'listen = 127.0.0.1:8080': a key and its value have ': ' between them"}},
      {"no blank behind a '-'",
       with("  - path", "  -path"),
       {"f:12:3: no blank behind the '-' of a list item: write '- path: /*'"}},
      {"a full-width colon", with("listen: ", "listen\xef\xbc\x9a"), {"f:2:7: a full-width colon (U+FF1A)"}},
      {"a misspelt key", with("app_id", "app_di"), {"f:5:3: logto.app_di: unknown key, did you mean 'app_id'?"}},
      {"another product's word",
       with("app_id", "client_id"),
       {"f:5:3: logto.client_id: unknown key: here it is called 'logto.app_id'"}},
      {"tls at the top",
       and_also("tls: { cert: x }\n"),
       {"f:14:1: tls: unknown key: here it is called 'listen[].tls.certificates'"}},
      {"ssl",
       and_also("ssl: { cert: x }\n"),
       {"f:14:1: ssl: unknown key: here it is called 'listen[].tls.certificates'"}},
      {"tls of a listener",
       with("listen: 127.0.0.1:8080", "listen: [{ address: 127.0.0.1:8080, ssl: true }]"),
       {"f:2:37: listen[1].ssl: unknown key: here it is called 'listen[].tls.certificates'"}},
      {"tls to an app",
       with("app: http://127.0.0.1:9000", "app: { url: http://w, tls: true }"),
       {"f:10:30: upstreams.app.tls: expected a map of keys, found 'true'"}},
      {"a certificate of an app",
       with("app: http://127.0.0.1:9000", "app: { url: http://w, ca_file: x }"),
       {"f:10:25: upstreams.app.ca_file: unknown key: TLS to an app is asked for by https:// in 'url'"}},
      {"an app's port",
       with("app: http://127.0.0.1:9000", "app: { url: http://w, port: 1 }"),
       {"f:10:25: upstreams.app.port: unknown key: it is a part of 'url', as in url: http://127.0.0.1:8080"}},
      {"tls to Redis",
       and_also("redis: { url: redis://127.0.0.1, tls: true }\n"),
       {"f:14:34: redis.tls: unknown key; known here: "}},
      {"a port of Logto", with("app_id: app", "app_id: app\n  port: 1"), {"f:6:3: logto.port: unknown key"}},
      {"another language", "[logto]\napp_id = \"x\"\n", {"f:2:1: expected 'key: value'"}},
  });
}

TEST_CASE("variables") {
  check_all({
      {"empty",
       with("app_id: app", "app_id: ${EMPTY}"),
       {"f:5:3: logto.app_id: required: expected the application's id, found nothing: the environment variable EMPTY "
        "is "
        "empty"}},
      {"as compose hands it on",
       with("app_id: app", "app_id: ${NOPE:-}"),
       {"f:5:3: logto.app_id: required: expected the application's id, found nothing: the environment variable NOPE is "
        "empty"}},
      {"not set",
       with("app_id: app", "app_id: ${NOPE}"),
       {"f:5:11: logto.app_id: the environment variable NOPE is not set"}},
      {"an empty secret",
       with("very-secret-app-secret", "${EMPTY}"),
       {"f:6:3: logto.app_secret: required: expected the application's secret (or app_secret_file), found nothing: the "
        "environment variable EMPTY is empty"}},
      {"an empty secret in quotes",
       with("very-secret-app-secret", "\"${EMPTY}\""),
       {"f:6:15: logto.app_secret: expected visible ASCII characters without blanks (the value is not shown) (the "
        "environment "
        "variable "
        "EMPTY is empty)"}},
      {"an empty part",
       with("127.0.0.1:9000", "${EMPTY}:9000"),
       {"f:10:8: upstreams.app.url: expected http://HOST:PORT, https://HOST:PORT, h2c://HOST:PORT or unix:/PATH, found "
        "'http://:9000' "
        "(not a host name or "
        "address) (the environment variable EMPTY is empty)"}},
      {"a wrong value",
       with("127.0.0.1:8080", "${LOGTO_APP_ID}"),
       {"f:2:9: listen[1].address: expected an address such as 127.0.0.1:8080, 0.0.0.0:8080, \"[::]:8080\" or "
        "unix:/path, "
        "found 'app' (from the environment variable LOGTO_APP_ID)"}},
      {"$NAME",
       with("very-secret-app-secret", "$LOGTO_APP_SECRET"),
       {"f:6:15: logto.app_secret: '$LOGTO_APP_SECRET' would be taken as it is: a variable is written "
        "${LOGTO_APP_SECRET}"}},
      {"$name of a secret",
       with("very-secret-app-secret", "$secret"),
       {"f:6:15: logto.app_secret: the name of a variable would be taken as it is: a variable is written ${NAME}\n"}},
      {"$NAME in a text",
       with("127.0.0.1:9000", "$HOST:9000"),
       {"f:10:8: upstreams.app.url: expected http://HOST:PORT"}},
      {"a placeholder",
       with("very-secret-app-secret", "<your secret>"),
       {"f:6:15: logto.app_secret: '<your secret>' is a placeholder"}},
      {"a placeholder for an id",
       with("app_id: app", "app_id: <app-id>"),
       {"f:5:11: logto.app_id: '<app-id>' is a placeholder: put the application's id in its place"}},
      {"a variable of Kubernetes",
       with("very-secret-app-secret", "$(APP_SECRET)"),
       {"f:6:15: logto.app_secret: the name of a variable would be taken as it is: a variable is written ${NAME}\n"}},
      {"a variable of Windows",
       with("very-secret-app-secret", "\"%APP_SECRET%\""),
       {"f:6:15: logto.app_secret: the name of a variable would be taken as it is: a variable is written ${NAME}\n"}},
      {"changeme",
       with("very-secret-app-secret", "changeme"),
       {"f:6:15: logto.app_secret: is a word that stands where a secret is to come (not shown)"}},
      {"REPLACE_ME", with("very-secret-app-secret", "REPLACE_ME"), {"f:6:15: logto.app_secret: is a word that stands"}},
      {"your secret",
       with("very-secret-app-secret", "YOUR_LOGTO_APP_SECRET"),
       {"f:6:15: logto.app_secret: is a word that stands"}},
      {"a file where its text is to stand",
       with("very-secret-app-secret", "/run/secrets/app"),
       {"f:6:15: logto.app_secret: is the name of a file (not shown): that is app_secret_file's place"}},
      {"a template", with("very-secret-app-secret", "\"{{secret}}\""), {"f:6:15: logto.app_secret: '{{secret}}' is a"}},
  });
}

TEST_CASE("an optional key whose variable is empty is remarked, unless that is said to be meant") {
  const auto warnings = [](const std::string& text) {
    const auto loaded = parse_config(text, "f", usual_environment());
    REQUIRE(loaded.ok());
    return loaded->warnings;
  };
  CHECK(
      warnings(and_also("auth_prefix: ${EMPTY}\n")) ==
      std::vector<std::string>{"f:14:1: auth_prefix: the environment variable EMPTY is empty, as if this key were not "
                               "here (if that may be: ${EMPTY:-})"});
  CHECK(warnings(and_also("auth_prefix: ${EMPTY:-}\n")).empty());
}

TEST_CASE("a key of a route with nothing behind it is a mistake, null that is written out is not") {
  const std::string rest = ", as if this key were not here: if that is meant, write null\n";
  for (const char* key : {"host",
                          "methods",
                          "query",
                          "headers",
                          "networks",
                          "access",
                          "require",
                          "deny",
                          "accept",
                          "audiences",
                          "unauthenticated",
                          "forbidden",
                          "shadow",
                          "preflight",
                          "allowed_origins",
                          "pass_headers",
                          "encoded_slash",
                          "identity_headers",
                          "strip_prefix",
                          "sign_in.with",
                          "request_headers.remove",
                          "token.scopes"}) {
    CAPTURE(key);
    const std::string name = key;
    const std::size_t dot = name.find('.');
    const std::string above = dot == name.npos ? "" : "    " + name.substr(0, dot) + ":\n  ";
    const std::string line = above + "    " + name.substr(dot == name.npos ? 0 : dot + 1) + ":";
    for (const char* nothing : {"\n", "\n      # roles: [admin]\n", " # all\n", " ${EMPTY}\n"}) {
      CAPTURE(nothing);
      const std::string told = problems_of(and_also(line + nothing));
      CHECK(told.find(": routes[1]." + name + ": expected ") != std::string::npos);
      CHECK(told.find(rest) != std::string::npos);
    }
    for (const char* said : {" null\n", " ~\n", " NULL # all\n", " ${NOPE:-}\n"}) {
      CAPTURE(said);
      CHECK(problems_of(and_also(line + said)) == "");
    }
  }
  check_all({
      {"rules behind '#'",
       and_also("    require:\n    # roles: [admin]\n"),
       {"f:14:5: routes[1].require: expected a map of rules, found nothing" + rest.substr(0, rest.size() - 1)}},
      {"within { }",
       with("  - path: /*\n    upstream: app\n", "  - { path: /*, upstream: app, deny: }\n"),
       {"f:12:32: routes[1].deny: expected a map of rules, found nothing"}},
      {"whose value is taken for a comment",
       and_also("    methods: #GET\n"),
       {"f:14:5: routes[1].methods: expected a list of methods, found nothing: what begins with '#' is a comment"}},
      {"an empty variable",
       and_also("    networks: ${EMPTY}\n"),
       {"f:14:5: routes[1].networks: expected a list of addresses and ranges such as 10.0.0.0/8, found nothing: the "
        "environment variable EMPTY is empty, as if"}},
      {"the secret of checks",
       and_also("forward_auth: { enabled: true, secret: }\n"),
       {"f:14:32: forward_auth.secret: expected a secret of 16 characters or more, found nothing"}},
      {"the addresses of checks",
       and_also("forward_auth:\n  listen:\n"),
       {"f:15:3: forward_auth.listen: expected a list of addresses"}},
      {"a limit", and_also("limits:\n  request_body: ${EMPTY}\n"), {"f:15:3: limits.request_body: expected a size"}},
      {"whom to trust", with("  app_id", "  ca_file:\n  app_id"), {"f:5:3: logto.ca_file: expected a file"}},
  });
  CHECK(problems_of("\xEF\xBB\xBF" + and_also("    require: null\n    deny: ~")) == "");
  CHECK(problems_of(and_also("    token:\n      #resource: x\nlimits:\n#  target: 1KiB\nauth_prefix:\n")) == "");
}

TEST_CASE("several roles in one text are remarked") {
  const auto loaded = parse_config(and_also("    require: { roles: \"admin, editor\" }\n"), "f", usual_environment());
  REQUIRE(loaded.ok());
  CHECK(loaded->warnings ==
        std::vector<std::string>{"f:14:23: routes[1].require.roles: 'admin, editor' is one text with a "
                                 "comma in it: several are written [a, b]"});
}

TEST_CASE("a mistake in what takes an upstream's place is told alone") {
  for (const char* reply : {"static: /no/such", "respond: ok", "respond: { body: x }", "respond: { status: 304 }",
                            "action: logout", "redirect: '\\1'", "redirect: { status: 301 }", "action: "}) {
    CAPTURE(reply);
    const std::string told =
        problems_of(good_config({{"routes", "routes:\n  - { path: /x, " + std::string(reply) + " }\n"}}));
    CHECK(std::count(told.begin(), told.end(), '\n') == 1);
    CHECK(told.find("upstream") == std::string::npos);
  }
  CHECK(problems_of(good_config({{"routes", "routes:\n  - { path: /x, respond: {} }\n"}})).find("expected upstream") !=
        std::string::npos);
}

TEST_CASE("values of a wrong shape") {
  check_all({
      {"a list for a value",
       with("app_id: app", "app_id: [app]"),
       {"f:5:11: logto.app_id: expected the application's id, found a list: write one value, without [ ] and '- '"}},
      {"a comma at the end", with("app_id: app", "app_id: app,"), {"f:5:11: logto.app_id: ends in a comma"}},
      {"a list of upstreams",
       with("  app: http", "  - app: http"),
       {"f:10:3: upstreams: expected a map of names, found a list: write 'NAME:'"}},
      {"a map of routes",
       with("  - path: /*\n    upstream", "  path: /*\n  upstream"),
       {"f:12:3: routes: expected a list, found a map: begin each of its elements with '- '"}},
      {"a duration without unit",
       with("session:\n", "session:\n  idle_timeout: 30\n"),
       {"f:8:17: session.idle_timeout: expected a duration such as 500ms, 30s, 15m, 12h or 14d, found '30': a number "
        "needs its unit, as in 30s or 30m"}},
      {"a duration of two units",
       with("session:\n", "session:\n  idle_timeout: 1h30m\n"),
       {"f:8:17: session.idle_timeout: expected a duration such as 500ms, 30s, 15m, 12h or 14d, found '1h30m': a whole "
        "number and one unit"}},
      {"a size of 1000",
       and_also("limits: { request_body: 10MB }\n"),
       {"f:14:25: limits.request_body: expected a size such as 512, 64KiB, 10MiB or 1GiB, found '10MB': bytes, or a "
        "whole "
        "number of KiB, MiB or GiB"}},
      {"yes",
       with("app_id: app", "app_id: app\n  trust_email: yes"),
       {"f:6:16: logto.trust_email: expected true or false, found 'yes'"}},
      {"a path in an endpoint",
       with("https://t.logto.app", "https://t.logto.app/oidc"),
       {"f:4:13: logto.endpoint: expected an origin such as https://app.example.com, found 'https://t.logto.app/oidc' "
        "(an "
        "origin has no path and no query): write https://t.logto.app"}},
      {"no scheme",
       with("https://t.logto.app", "t.logto.app"),
       {"f:4:13: logto.endpoint: expected an origin such as https://app.example.com, found 't.logto.app' (a URL begins "
        "with http:// or https://): write https://t.logto.app"}},
  });
}

TEST_CASE("words of nginx, and a value of sign_in in its place") {
  check_all({
      {"nginx's words for paths",
       with("path: /*", "path: ^~ /admin"),
       {"f:12:11: routes[1].path: expected a path, found '^~ /admin': nginx's ^~ is the beginning of a path: write "
        "/admin/*"}},
      {"its exact one",
       with("path: /*", "path: = /admin"),
       {"f:12:11: routes[1].path: expected a path, found '= /admin': nginx's = is one path alone: write /admin"}},
      {"its pattern in letters of any case",
       with("path: /*", "path: '~* \\.php$'"),
       {"f:12:11: routes[1].path: expected a path, found '~* \\.php$': nginx's ~* looks for a pattern in letters of "
        "any "
        "case: write '~ (?i).*\\.php$'"}},
      {"a way to sign in",
       and_also("    sign_in: social:linkedin\n"),
       {"f:14:14: routes[1].sign_in: expected a map of keys, found 'social:linkedin': write { with: social:linkedin "
        "}\n"}},
      {"a way to sign in, of all routes",
       with("  app_id: app\n", "  app_id: app\n  sign_in: sso:acme\n"),
       {"f:6:12: logto.sign_in: expected a map of keys, found 'sso:acme': write { with: sso:acme }"}},
      {"a first screen",
       and_also("    sign_in: register\n"),
       {"f:14:14: routes[1].sign_in: expected a map of keys, found 'register': write { first_screen: register }\n"}},
      {"a prompt",
       and_also("    sign_in: login\n"),
       {"f:14:14: routes[1].sign_in: expected a map of keys, found 'login': write { prompt: login }\n"}},
  });
}

TEST_CASE("values that are not what their key is about") {
  check_all({
      {"all hosts",
       with("[https://app.test]", "[\"*\"]"),
       {"f:1:17: external_urls: expected an origin such as https://app.example.com, found '*': name each origin, or "
        "all "
        "hosts of one domain as https://*.example.com, which needs sign_in_url"}},
      {"a URL for an upstream",
       with("upstream: app", "upstream: http://127.0.0.1:3000"),
       {"f:13:15: routes[1].upstream: expected the name of one of upstreams, found 'http://127.0.0.1:3000': define it "
        "there, upstreams: { app: http://127.0.0.1:3000 }, and write its name here, upstream: app"}},
      {"stars of a shell",
       with("path: /*", "path: \"*.png\""),
       {"f:12:11: routes[1].path: expected '*' only at the end, as in /public/*, found '*.png': elsewhere write a "
        "regex, "
        "path: '~ /.*\\.png'"}},
      {"a name for a proxy",
       and_also("trusted_proxies: [nginx]\n"),
       {"f:14:19: trusted_proxies: expected an address or a range such as 10.0.0.0/8 or fd00::/8, found 'nginx': names "
        "are not taken"}},
      {"a URL for a host",
       with("upstream: app", "upstream: app\n    host: https://app.test"),
       {"f:14:11: routes[1].host: expected a host such as app.example.com or *.example.com, without scheme and port, "
        "found "
        "'https://app.test': write app.test"}},
      {"several in one text",
       with("[https://app.test]", "https://a.test, https://b.test"),
       {"f:1:16: external_urls: expected an origin such as https://app.example.com, found 'https://a.test, "
        "https://b.test' "
        "(a URL holds only visible ASCII, no backslash and no fragment): a list is written [a, b], or '- a' in a line "
        "for "
        "each"}},
      {"typographic quotes",
       with("app_id: app",
            "app_id: \xe2\x80\x9c"
            "app\xe2\x80\x9d"),
       {"f:5:11: logto.app_id: expected visible ASCII characters, found '\xe2\x80\x9c"
        "app\xe2\x80\x9d' (a typographic "
        "quote is part of it: write \" or ')"}},
      {"a regex without ~",
       with("path: /*", "path: \"^/a.*$\""),
       {"f:12:11: routes[1].path: expected a path, or a regex behind '~', found '^/a.*$': write path: '~ ^/a.*$'"}},
      {"what RE2 has not",
       with("path: /*", "path: '~ /(?!a).*'"),
       {"f:12:11: routes[1].path: expected an RE2 pattern after '~': invalid perl operator: (?! (RE2 has no "
        "look-ahead"}},
      {"two keys in a line",
       with("  - path: /*\n    upstream: app\n", "  - path: /* upstream: app\n"),
       {"f:12:22: a text with ': ' in it needs quotes around it: write \"/* upstream: app\"; or 'upstream' is a key, "
        "which "
        "begins a line of its own"}},
      {"a range with bits below",
       and_also("trusted_proxies: [10.0.0.1/8]\n"),
       {"f:14:19: trusted_proxies: expected a range whose bits below the prefix are zero, found '10.0.0.1/8': write "
        "10.0.0.0/8, or the address alone"}},
      {"an app without scheme",
       with("http://127.0.0.1:9000", "127.0.0.1:9000"),
       {"f:10:8: upstreams.app.url: expected http://HOST:PORT, https://HOST:PORT, h2c://HOST:PORT or unix:/PATH, found "
        "'127.0.0.1:9000' "
        "(it begins with "
        "http://): write http://127.0.0.1:9000"}},
      {"unlimited",
       and_also("limits: { request_body: unlimited }\n"),
       {"f:14:25: limits.request_body: expected a size such as 512, 64KiB, 10MiB or 1GiB, found 'unlimited', or none"}},
      {"a short secret",
       with("har6yZOaDknReW49sUGPNJnBb8tbZgF4VMz1oS0XP3U=", "c2hvcnQ="),
       {"f:8:11: session.secret: expected base64 of 32 bytes or more (the value is not shown); `logto-proxy secret` "
        "prints "
        "one (this one has 5)"}},
      {"a list of headers",
       and_also("identity_headers: [X-User]\n"),
       {"f:14:19: identity_headers: expected a map of headers to claims, found a list: write 'X-Forwarded-Email: "
        "email'"}},
      {"a misspelt field of the log",
       and_also("access_log: { fields: [stauts] }\n"),
       {"f:14:24: access_log.fields: expected one of id, client"}},
      {"a word for a file of the log",
       and_also("access_log: { output: stdot }\n"),
       {"f:14:23: access_log.output: expected stdout, off or a file with its path"}},
  });
}

TEST_CASE("routes as other proxies write them") {
  check_all({
      {"nginx's pattern for any case",
       with("path: /*", "path: '~* ^/a'"),
       {"f:12:11: routes[1].path: expected a path, found '~* ^/a': nginx's ~* looks for a pattern in letters of any "
        "case: write '~ (?i)^/a.*'"}},
      {"the same behind a blank",
       with("path: /*", "path: '~ *\\.php'"),
       {"f:12:11: routes[1].path: expected an RE2 pattern after '~', found '~*': in any case is written '~ "
        "(?i)/admin.*'"}},
      {"a path without its slash",
       with("path: /*", "path: admin"),
       {"f:12:11: routes[1].path: expected a path that starts with '/', found 'admin': write /admin"}},
      {"a query in a path",
       with("path: /*", "path: '/a?b=c'"),
       {"f:12:11: routes[1].path: expected a path without query and fragment, found '/a?b=c': routes[].query is for "
        "those"}},
      {"a socket without its scheme",
       with("http://127.0.0.1:9000", "/run/app.sock"),
       {"f:10:8: upstreams.app.url: expected http://HOST:PORT, https://HOST:PORT, h2c://HOST:PORT or unix:/PATH, found "
        "'/run/app.sock' "
        "(it begins with "
        "http://): write unix:/run/app.sock"}},
      {"nginx's groups in a redirect",
       with("path: /*\n    upstream: app", "path: /a/*\n    access: public\n    redirect: /b/$1"),
       {"f:14:15: routes[1].redirect.to: expected groups as \\1, found '$1': write \\1 (a dollar sign before a digit "
        "is "
        "%24)"}},
      {"nginx's groups in a replacement",
       with("upstream: app\n", "upstream: app\n    replace_path: { from: ^/a/(.*), to: /b/$1 }\n"),
       {"f:14:41: routes[1].replace_path.to: expected groups as \\1, found '$1': write \\1"}},
      {"a group that is not there",
       with("upstream: app\n", "upstream: app\n    replace_path: { from: ^/a/, to: '/b/\\2' }\n"),
       {"f:14:37: routes[1].replace_path.to: expected no group above \\0: from has no more; a group is what stands in "
        "( )"}},
      {"a status alone for an answer",
       with("    upstream: app\n", "    respond: 200\n"),
       {"f:13:14: routes[1].respond: expected a map of keys, found '200'"}},
      {"a file for a directory",
       with("    upstream: app\n", "    static: /etc/passwd\n"),
       {"f:13:13: routes[1].static: expected a directory, found a file at '/etc/passwd'"}},
      {"a directory that is not there",
       with("    upstream: app\n", "    static: /nowhere/at/all\n"),
       {"f:13:13: routes[1].static: expected a directory, found none at '/nowhere/at/all'"}},
      {"the origin of a WebSocket for that of a page",
       with("upstream: app\n", "upstream: app\n    allowed_origins: ['wss://x.test:443']\n"),
       {"f:14:23: routes[1].allowed_origins: expected an origin such as https://app.example.com, found "
        "'wss://x.test:443': a browser names the page that opens the WebSocket: write https://x.test"}},
      {"the origin of no page",
       with("upstream: app\n", "upstream: app\n    allowed_origins: ['null']\n"),
       {"f:14:23: routes[1].allowed_origins: expected an origin such as https://app.example.com, found 'null': every "
        "site can have a frame of its own send null: name the origin of the page, or none"}},
      {"a word of ours that is not the action's",
       with("    upstream: app\n", "    action: logout\n"),
       {"f:13:13: routes[1].action: expected sign_in, sign_out or account, found 'logout'"}},
      {"a route that is public by another word",
       with("upstream: app\n", "upstream: app\n    public: true\n"),
       {"f:14:5: routes[1].public: unknown key: here it is called 'access: public'"}},
      {"oauth2-proxy's open routes",
       and_also("skip_auth_routes: [^/x]\n"),
       {"f:14:1: skip_auth_routes: unknown key: here it is called 'access: public (of a route)'"}},
  });
}

TEST_CASE("files that cannot be read say why") {
  check_all({
      {"a folder",
       with("app_secret: very-secret-app-secret", "app_secret_file: /"),
       {"f:6:20: logto.app_secret_file: expected a file, found a folder at '/' (docker makes a folder where the file "
        "that "
        "is to be mounted is not there)"}},
      {"none",
       with("app_secret: very-secret-app-secret", "app_secret_file: /nonexistent/x"),
       {"f:6:20: logto.app_secret_file: expected a file, found none at '/nonexistent/x'"}},
      {"a device",
       with("app_secret: very-secret-app-secret", "app_secret_file: /dev/null"),
       {"f:6:20: logto.app_secret_file: expected a file, found something else (a pipe, a device) at '/dev/null'"}},
  });
  const auto loaded = load_config("/", usual_environment());
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.error().front().text().starts_with("/: expected a file, found a folder at '/'"));
}
