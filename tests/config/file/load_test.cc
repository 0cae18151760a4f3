#include <doctest/doctest.h>

#include "config/file/load.h"
#include "config/provision.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

struct Case {
  const char* name;
  std::string text;
  std::string first_problem;
};

void check_all(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(first_line(problems_of(c.text)) == c.first_problem);
  }
}

Settings settings_of(const std::string& text) {
  const auto loaded = parse_config(text, "f", usual_environment());
  INFO(problems_of(text));
  REQUIRE(loaded.ok());
  return *loaded->settings;
}

}  // namespace

TEST_CASE("a small configuration has the defaults of the settings") {
  const Settings s = settings_of(good_config());
  CHECK(s.listen.size() == 1);
  CHECK(s.listen[0].port == 8080);
  CHECK(s.logto.issuer() == "https://t.logto.app/oidc");
  CHECK(s.session.secrets.size() == 1);
  CHECK(s.session.secrets[0].reveal().size() == 32);
  CHECK(s.identity_headers.size() == 4);
  CHECK(s.routes[0].label == "#1 /*");
  CHECK(s.upstreams.at("wiki").host == "wiki");
  CHECK(s.upstreams.at("wiki").port == 8080);
}

TEST_CASE("mistakes in the shape of the file name their place") {
  check_all({
      {"an unknown key with a neighbour",
       good_config({{"session", "session:\n  secret: " + kSecretA + "\n  idle_timout: 1h\n"}}),
       "f:5:3: session.idle_timout: unknown key, did you mean 'idle_timeout'?"},
      {"an unknown key that belongs elsewhere", good_config({{"z", "idle_timeout: 1h\n"}}),
       "f:6:1: idle_timeout: unknown key here, did you mean 'session.idle_timeout'?"},
      {"an unknown key that belongs to listeners", good_config({{"z", "tls: { cert: x }\n"}}),
       "f:6:1: tls: unknown key: here it is called 'listen[].tls.certificates'"},
      {"an unknown key with no neighbour", good_config({{"z", "access_log: { colour: red }\n"}}),
       "f:6:15: access_log.colour: unknown key; known here: format, output, fields, exclude"},
      {"an unknown key in a route",
       good_config({{"routes", "routes:\n  - path: /*\n    upstream: wiki\n    acess: public\n"}}),
       "f:8:5: routes[1].acess: unknown key, did you mean 'access'?"},
      {"a repeated key", good_config({{"z", "workers: 2\nworkers: 3\n"}}),
       "f:7:1: workers: this key stands here twice, first in line 6"},
      {"a repeated key below", good_config({{"routes", "routes:\n  - path: /*\n    upstream: wiki\n    path: /x\n"}}),
       "f:8:5: routes[1].path: this key stands here twice, first in line 6"},
      {"a broken YAML file", good_config({{"z", "limits: { target: 1KiB\n"}}),
       "f:6:9: the { that opens here is not closed"},
      {"a wrong indentation", "routes:\n  - path: /\n   upstream: x\n",
       "f:3:4: this line is indented by 3 blanks, and no line above it that it could go on with: indent it by 4 blanks "
       "as "
       "the key in line 2, or by 2 blanks as the '-' in line 2"},
      {"a scalar for a map", good_config({{"z", "limits: 5\n"}}),
       "f:6:9: limits: expected a map of keys, found '5': write 'KEY: VALUE' below it, in a line for each; known here: "
       "request_head, header_count, target, request_body, http2_streams, connections, connections_per_address, "
       "buffered, held_requests, handshakes_per_address, unauthenticated_per_address, public_per_address, "
       "minimum_rate"},
      {"a list for a map", good_config({{"z", "limits: [1]\n"}}),
       "f:6:9: limits: expected a map of keys, found a list: write 'KEY: VALUE' below it, in a line for each; known "
       "here: request_head, header_count, target, request_body, http2_streams, connections, connections_per_address, "
       "buffered, held_requests, handshakes_per_address, unauthenticated_per_address, public_per_address, "
       "minimum_rate"},
      {"a list for a scalar", good_config({{"z", "auth_prefix: [/x]\n"}}),
       "f:6:14: auth_prefix: expected a path, found a list: write one value, without [ ] and '- '"},
      {"a map for routes", good_config({{"routes", "routes: { path: /* }\n"}}),
       "f:5:9: routes: expected a list, found a map: begin each of its elements with '- '"},
      {"a scalar as a route", good_config({{"routes", "routes: [wiki]\n"}}),
       "f:5:10: routes[1]: expected a map of keys, found 'wiki': write 'KEY: VALUE' below it, in a line for each"},
      {"a list at the top", "- a\n",
       "f:1:1: expected a map of keys, found a list: write 'KEY: VALUE', in a line for each"},
      {"two documents", good_config() + "---\na: b\n", "f:7:1: expected one YAML document, found a second"},
      {"a tag", good_config({{"z", "workers: !!int 3\n"}}),
       "f:6:10: a text that begins with '!' needs quotes around it: without them it is a YAML tag "
       "('tag:yaml.org,2002:int'), which are not used here"},
      {"a merge key", good_config({{"z", "limits: { <<: { target: 1KiB } }\n"}}),
       "f:6:11: merge keys (<<) are not supported: repeat the lines"},
      {"not UTF-8", good_config() + "# \xff\n", "f: the file is not UTF-8 text"},
      {"larger than 1 MiB", std::string((1 << 20) + 1, '#'), "f: the file is larger than 1 MiB"},
  });
}

TEST_CASE("an empty file lists what is required") {
  CHECK(problems_of("") ==
        "f:1:1: the file holds nothing: docs/MANUAL.md, section 2, has a configuration to begin with, and "
        "config.example.yaml every key\n"
        "f:1:1: external_urls: required: expected a list of origins such as https://app.example.com, found nothing\n"
        "f:1:1: logto.endpoint: required: expected an origin such as https://tenant.logto.app, found nothing\n"
        "f:1:1: logto.app_id: required: expected the application's id, found nothing\n"
        "f:1:1: logto.app_secret: required: expected the application's secret (or app_secret_file), found nothing\n"
        "f:1:1: session.secret: required: expected base64 of 32 bytes or more (or secret_file); `logto-proxy secret` "
        "prints "
        "one, found nothing\n"
        "f:1:1: routes: required: expected at least one route, found none\n");
}

TEST_CASE("all problems come at once, in the order of the file") {
  const std::string found = problems_of(
      "external_urls: [ftp://x]\nlimits: { target: 1KB }\nlogto: { endpoint: https://t/x, app_id: a, app_secret: b }\n"
      "session: { secret: short }\nupstreams: {}\nroutes: [{ path: x, upstream: wiki }]\n");
  std::vector<std::string> places;
  for (std::size_t at = 0; at < found.size(); at = found.find('\n', at) + 1) {
    places.push_back(found.substr(at, found.find(": ", found.find(": ", at) + 2) - at));
  }
  CHECK(places == std::vector<std::string>{"f:1:17: external_urls", "f:2:19: limits.target", "f:3:20: logto.endpoint",
                                           "f:4:20: session.secret", "f:6:18: routes[1].path",
                                           "f:6:31: routes[1].upstream"});
}

TEST_CASE("bombs are refused") {
  std::string laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string before(1, static_cast<char>(c - 1));
    laughs += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) laughs += (i ? ",*" : "*") + before;
    laughs += "]\n";
  }
  const std::string deep(100000, '[');
  std::string deep_block;
  for (std::size_t i = 0; i < 400; ++i) deep_block += std::string(i, ' ') + "a:\n";
  check_all({
      {"a billion laughs", laughs, "f:4:29: more than 10000 values, aliases counted as copies"},
      {"100,000 levels in flow style", deep, "f:1:17: nested deeper than 32 levels"},
      {"100,000 levels of maps",
       [] {
         std::string s;
         for (int i = 0; i < 100000; ++i) s += "{a: ";
         return s;
       }(),
       "f:1:399997: the { that opens here is not closed"},
      {"400 levels in block style", deep_block, "f:33:33: nested deeper than 32 levels"},
      {"depth by aliases", "a: &a [[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]\nb: [[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]\n",
       "f:2:24: nested deeper than 32 levels"},
      {"an alias of itself", "a: &a [*a]\n", "f:1:8: an alias inside the node that it stands for"},
      {"an alias of nothing", "a: *b\n",
       "f:1:4: a text that begins with '*' needs quotes around it: write \"*b\" (without them, * stands for what was "
       "named with & before in YAML)"},
      {"20,000 values",
       "a: [" +
           [] {
             std::string s;
             for (int i = 0; i < 20000; ++i) s += "1,";
             return s;
           }() +
           "]",
       "f:1:19999: more than 10000 values, aliases counted as copies"},
  });
}

TEST_CASE("an alias is a copy") {
  const Settings s =
      settings_of(good_config({{"routes",
                                "routes:\n  - { path: /a, upstream: wiki, require: &r { roles: [x, y] } }\n"
                                "  - { path: /b, upstream: wiki, require: *r }\n"}}));
  REQUIRE(s.routes[1].require.children.size() == 1);
  CHECK(s.routes[1].require.children[0].any_of == std::vector<std::string>{"x", "y"});
}

TEST_CASE("variables are expanded in every scalar, and only there") {
  const Settings s =
      settings_of(good_config({{"logto",
                                "logto:\n  endpoint: https://${TENANT:-t}.logto.app\n  app_id: $${A}$B\n"
                                "  app_secret: \"${LOGTO_APP_SECRET}\"\n  connect_to: ${EMPTY}\n"},
                               {"z", "workers: ${WORKERS:-3}\ntrusted_proxies: [\"${EMPTY:-10.0.0.0/8}\"]\n"}}));
  CHECK(s.logto.endpoint.host == "t.logto.app");
  CHECK(s.logto.app_id == "${A}$B");
  REQUIRE(s.logto.app_secrets.size() == 1);
  CHECK(s.logto.app_secrets[0].equals("s3cret"));
  CHECK_FALSE(s.logto.connect_to.has_value());
  CHECK(s.workers == 3);
  CHECK(s.trusted_proxies.size() == 1);
  check_all({
      {"a missing variable", good_config({{"z", "workers: ${NOPE}\n"}}),
       "f:6:10: workers: the environment variable NOPE is not set"},
      {"a missing variable in a list", good_config({{"z", "trusted_proxies: [10.0.0.0/8, \"${NOPE}\"]\n"}}),
       "f:6:31: trusted_proxies[2]: the environment variable NOPE is not set"},
      {"a variable without quotes inside braces", good_config({{"session", "session: { secret: ${X} }\n"}}),
       "f:3:20: inside { } and [ ], ${...} needs quotes around it: write \"${...}\""},
      {"an open brace", good_config({{"z", "workers: \"${NOPE\"\n"}}), "f:6:10: workers: '${' without its '}'"},
      {"another form of a shell", good_config({{"z", "workers: \"${NOPE:?x}\"\n"}}),
       "f:6:10: workers: expected ${NAME} or ${NAME:-default}, NAME of letters, digits and '_' (write $${ for a plain "
       "${)"},
      {"an empty variable where a value is required",
       good_config({{"logto", "logto:\n  endpoint: https://t.logto.app\n  app_id: ${EMPTY}\n  app_secret: s\n"}}),
       "f:4:3: logto.app_id: required: expected the application's id, found nothing: the environment "
       "variable EMPTY is empty"},
  });
  CHECK(problems_of(good_config({{"z", "workers: \"${X}\"\n"}}), environment({{"X", "1\nauth_prefix: /x"}})) ==
        "f:6:10: workers: expected auto or a whole number from 1 to 1024, found '1\nauth_prefix: /x' (from the "
        "environment "
        "variable X)\n");
}

TEST_CASE("variables below provision are for that command: elsewhere what is not set leaves its key unset") {
  const std::string text = good_config({{"z",
                                         "provision:\n"
                                         "  management: { app_id: \"${ID}\", app_secret: \"${SECRET:-}\" }\n"
                                         "  application: { name: \"${NAME}\", id_token_ttl: \"${TTL}\" }\n"
                                         "  connectors:\n"
                                         "    linkedin: { client_id: \"${LINKEDIN}\", client_secret: \"${S}\" }\n"}});
  const Environment some = environment({{"NAME", "intranet"}, {"S", ""}, {"ls", "x"}});
  const auto loaded = parse_config(text, "f", some);
  REQUIRE(loaded);
  CHECK(loaded->warnings.empty());
  const ProvisionSettings& provision = *loaded->settings->provision;
  CHECK(provision.management.app_id.empty());
  CHECK(provision.management.app_secret.empty());
  CHECK(provision.application.name == "intranet");
  CHECK(provision.connectors.size() == 1);
  CHECK(provision.connectors.front().client_secret.empty());
  const auto refused = parse_config(text, "f", some, LoadFor::provision);
  REQUIRE(!refused);
  CHECK(refused.error().front().text() ==
        "f:7:25: provision.management.app_id: the environment variable ID is not set");
  // What is there is read as ever, and a mistake is one.
  CHECK(first_line(problems_of(good_config({{"z", "provision: { application: { id_token_ttl: \"${TTL}\" } }\n"}}),
                               environment({{"TTL", "soon"}}))) != "");
  CHECK(first_line(problems_of(good_config({{"z", "provision: { application: { name: \"${NAME\" } }\n"}}))) ==
        "f:6:35: provision.application.name: '${' without its '}'");
  CHECK(settings_of(good_config({{"z", "provision: { application: { name: $intranet } }\n"}}))
            .provision->application.name == "$intranet");
}

TEST_CASE("keys of later issues are refused by name") {
  const auto line = [](const std::string& text) { return first_line(problems_of(good_config({{"z", text}}))); };
  CHECK(line("redis: { url: redis-sentinel://host:26379/primary/0 }\n") ==
        "f:6:15: redis.url: Sentinel is not built yet: name the primary, or an address that follows it");
  const auto session = [](const std::string& more) {
    return first_line(problems_of(good_config({{"session", "session: { secret: " + kSecretA + ", " + more + " }\n"}})));
  };
  CHECK(session("store: cookie, cookie: { domain: null }") == "");
  CHECK(problems_of(good_config({{"upstreams", "upstreams: { wiki: { servers: [http://a:1, http://b:1] } }\n"}})) ==
        "f:4:44: upstreams.wiki.servers: more than one server is not built yet: name one\n");
}
