#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/encoding.h"
#include "config/file/load.h"
#include "config/file/print.h"
#include "config/options/binding.h"
#include "config/options/option_table.h"
#include "config/value.h"
#include "config/yaml/document.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

std::shared_ptr<const Settings> loaded(const std::string& text) {
  auto config = parse_config(text, "f", usual_environment());
  INFO(problems_of(text));
  REQUIRE(config.ok());
  return config->settings;
}

std::string replaced(std::string text, const std::string& what, const std::vector<std::string>& with) {
  std::size_t at = 0;
  for (const auto& value : with) {
    at = text.find(what, at);
    REQUIRE(at != std::string::npos);
    text.replace(at, what.size(), value);
    at += value.size();
  }
  return text;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Every option away from its default, in forms that the printer must cope with.
const std::string kFull = R"yaml(
external_urls: [https://app.example.com, https://members.example.com:8443]
listen: [0.0.0.0:8080, "[::1]:8081", { address: unix:/run/x.sock, mode: 0660, group: www-data }]
admin: { listen: 127.0.0.1:1 }
workers: 3
trusted_proxies: [10.0.0.0/8, "fd00::/8", 192.0.2.1]
limits: { request_head: 32KiB, header_count: 100, target: 1000, request_body: 10MiB, connections: 7, held_requests: 3MiB, minimum_rate: 200, handshakes_per_address: none, unauthenticated_per_address: 7, public_per_address: 9 }
timeouts: { request_head: 1s, idle_connection: 1500ms, body_idle: 2m, rate_window: 30s }
trace_context: make
logto:
  endpoint: https://t.logto.app/
  connect_to: http://logto:3001
  app_id: "null"
  app_secret: s3cret
  backchannel_url: http://proxy:8080/
  webhook_secret: wh-s3cret
  scopes: [openid, email, "urn:logto:scope:organizations", identities, roles]
  refresh: offline_access
  refresh_early: 90s
  max_calls: 5
  trust_email: true
  sign_in:
    with: social:linkedin
    first_screen: identifier:sign_in
    prompt: login consent
    ui_locales: ja en
    keep_fragment: true
    extra: { login_hint: "a: \"b\" $${X} #c\u3042", empty: "" }
session:
  secret: ["${SESSION_SECRET}", "${SECOND_SECRET}"]
  idle_timeout: 1h
  max_lifetime: 2d
  revalidate: 30m
  store: redis
  cookie: { name: __Host-mine, same_site: none }
revocations: { journal: revocations, share: redis, max: 5000 }
redis: { url: "rediss://a%20%3Ab@[::1]:6380/3", password: redis-s3cret, prefix: "site:", grace: 1m }
auth_prefix: /~auth/x
upstreams:
  wiki: http://wiki:8080
  api: { servers: "http://[::1]:9000", host: api.example.com, connect_timeout: 1s, response_timeout: 2s, idle_timeout: 3s, keep_alive: off, max_connections: 8, queue: 9, queue_timeout: 4s }
  files: { url: unix:/run/files.sock, host: client, keep_alive: 3, idle_time: 5s }
  other: { url: http://o, host: upstream }
identity_headers:
  X-User: sub
  X-Name: { claim: name, encoding: utf8 }
  X-Roles: { claim: roles, separator: "|" }
  X-Env: { value: "prod: #1" }
  X-Pomerium-Jwt-Assertion: { assertion: true }
  X-Id: { id_token: true }
identity_preset: pomerium
access_log: off
bearer:
  audiences: [https://api.example.com]
  introspection: true
  introspection_cache: 10s
  max_cached: 100
  issuers:
    - https://short.example.net
    - { issuer: "https://ci.example.net/", jwks_url: https://keys.example.net/x, connect_to: http://ci, audiences: [deploy], type: JWT }
routes:
  - path: "~ /[a-z]+\\.(js|css)"
    access: public
    upstream: other
  - path: /admin/*
    host: "*.example.com"
    methods: [GET, POST]
    require: { roles: ["admin, all", ops], social: [patreon] }
    unauthenticated: 401
    forbidden: sign_in
    preflight: true
    shadow: true
    sign_in: { with: "sso:x1", keep_fragment: false, extra: { max_age: 60 } }
    accept: [session, bearer]
    audiences: [a, b]
    upstream: api
    strip_prefix: /admin
    encoded_slash: keep
    hold_requests: false
    identity_preset: none
    identity_headers: { X-Only: custom_data.x }
    assertion: true
    allowed_origins: ["https://tools.example.com", none]
    websocket_unauthenticated: close
    upgrades: [websocket, tcp, SPDY/3.1]
    buffer_request: 10MiB
  - { path: /x, access: deny }
  - { path: /o/*, access: optional, upstream: files, authorization: { bearer: id_token } }
  - path: /legacy/*
    upstream: files
    identity_preset: mod_auth_openidc
    authorization: { basic: { username_claim: email, password: leg-s3cret } }
  - { path: /go/*, redirect: "/there/\\1" }
  - { path: /moved, redirect: { to: "https://app.example.com/new", status: 301 } }
  - { path: /teapot, respond: { status: 418, body: short and stout, type: text/x-tea } }
  - { path: /leave, access: public, action: sign_out }
  - { path: /*, upstream: wiki, unauthenticated: redirect }
tests:
  - { url: "https://app.example.com/x", expect: deny }
  - name: "a: b"
    url: http://app.example.com/?a=b
    method: POST
    headers: { X-A: "1" }
    as: { sub: alice, roles: [ops, "7"], n: -1.5e3, ok: true, no: null, deep: { a: "q\"\\\n" }, empty: [] }
    script: true
    client: "2001:db8::1"
    expect: allow
    expect_headers: { X-User: alice, X-Name: null }
)yaml";

}  // namespace

TEST_CASE("what is printed loads again to the same settings") {
  for (const auto& text : {good_config(), kFull}) {
    const auto first = loaded(text);
    const std::string printed = print_config(*first);
    CHECK(printed.find("s3cret") == std::string::npos);
    CHECK(printed.find(kSecretA.substr(0, 20)) == std::string::npos);
    // In the order in which they stand there.
    const auto secrets =
        first->session.secrets.size() == 1
            ? std::vector<std::string>{"s3cret", kSecretA}
            : std::vector<std::string>{"s3cret", "wh-s3cret", kSecretA, kSecretB, "redis-s3cret", "leg-s3cret"};
    const auto second = loaded(replaced(printed, "\"********\"", secrets));
    CHECK(second->logto.webhook_secret.equals(first->logto.webhook_secret.reveal()));
    CHECK(second->redis.password.equals(first->redis.password.reveal()));
    CHECK(print_config(*second) == printed);
    REQUIRE(second->logto.app_secrets.size() == 1);
    CHECK(second->logto.app_secrets[0].equals(first->logto.app_secrets[0].reveal()));
    REQUIRE(second->session.secrets.size() == first->session.secrets.size());
    for (std::size_t i = 0; i < first->session.secrets.size(); ++i) {
      CHECK(second->session.secrets[i].equals(first->session.secrets[i].reveal()));
    }
  }
}

TEST_CASE("every option is read into the settings and printed from them") {
  const auto s = loaded(kFull);
  CHECK(s->listen.size() == 3);
  CHECK(s->listen[1].host == "::1");
  CHECK(s->workers == 3);
  CHECK(s->trusted_proxies.size() == 3);
  CHECK(s->limits.request_body_bytes == 10 * 1024 * 1024);
  CHECK(s->limits.held_requests_bytes == 3 * 1024 * 1024);
  CHECK(s->limits.minimum_rate == 200);
  CHECK(s->limits.handshakes_per_address == kUnlimited);
  CHECK(s->limits.unauthenticated_per_address == 7);
  CHECK(s->limits.public_per_address == 9);
  CHECK(s->timeouts.rate_window_ms == 30'000);
  CHECK(s->trace_context == TraceMode::make);
  CHECK(s->listen[2].mode == 0660);
  CHECK(s->listen[2].group == "www-data");
  CHECK(s->timeouts.idle_connection_ms == 1500);
  CHECK(s->logto.app_id == "null");
  CHECK(s->logto.scopes == std::vector<std::string>{"email", "urn:logto:scope:organizations", "identities", "roles"});
  CHECK(s->logto.refresh == RefreshMode::offline_access);
  REQUIRE(s->logto.backchannel_url.has_value());
  CHECK(s->logto.backchannel_url->text() == "http://proxy:8080");
  CHECK(s->logto.webhook_secret.equals("wh-s3cret"));
  CHECK(s->logto.refresh_early_ms == 90 * kSecond);
  CHECK(s->logto.max_calls == 5);
  CHECK(s->logto.sign_in.extra.at("login_hint") == "a: \"b\" ${X} #c\u3042");
  CHECK(s->logto.sign_in.extra.at("empty").empty());
  CHECK(s->session.store == SessionStore::redis);
  CHECK(s->session.cookie.same_site == SameSite::none);
  CHECK(s->revocations.journal == std::filesystem::current_path() / "revocations");  // "f" stands there
  CHECK(s->revocations.share);
  CHECK(s->revocations.max == 5000);
  CHECK(s->redis.kind == RedisSettings::Kind::tcp);
  CHECK(s->redis.tls);
  CHECK(s->redis.username == "a :b");
  CHECK(s->redis.host == "::1");
  CHECK(s->redis.port == 6380);
  CHECK(s->redis.database == 3);
  CHECK(s->redis.password.equals("redis-s3cret"));
  CHECK(s->redis.prefix == "site:");
  CHECK(s->redis.grace_ms == kMinute);
  CHECK(s->upstreams.at("api").host == "::1");
  CHECK(s->upstreams.at("api").host_literal == "api.example.com");
  CHECK(s->identity_headers[1].encoding == HeaderEncoding::utf8);
  CHECK(s->identity_headers[2].separator == '|');
  CHECK(s->identity_headers[3].constant == "prod: #1");
  CHECK(s->identity_preset == IdentityPreset::pomerium);
  CHECK(s->routes[1].identity_preset == IdentityPreset::none);
  CHECK(s->routes[1].assertion);
  CHECK(s->routes[3].authorization.kind == UpstreamAuthorizationSettings::Kind::id_token);
  CHECK(s->routes[4].authorization.username_claim == "email");
  CHECK(s->routes[4].authorization.password.equals("leg-s3cret"));
  CHECK_FALSE(s->access_log.enabled);
  CHECK(s->routes[0].path.text == "/[a-z]+\\.(js|css)");
  REQUIRE(s->routes[1].require.children.size() == 2);
  CHECK(s->routes[1].require.children[0].any_of == std::vector<std::string>{"admin, all", "ops"});
  CHECK(s->routes[1].sign_in.keep_fragment == std::optional<bool>(false));
  CHECK(s->routes[1].label == "#2 *.example.com/admin/*");
  CHECK(s->routes[1].unauthenticated == Unauthenticated::status_401);
  CHECK(s->routes[1].encoded_slash == EncodedSlash::keep);
  CHECK_FALSE(s->routes[1].hold_requests);
  CHECK(s->routes[0].hold_requests);
  CHECK(s->routes[1].line > s->routes[0].line);
  REQUIRE(s->tests.size() == 2);
  CHECK(s->tests[1].as_json ==
        R"({"sub":"alice","roles":["ops","7"],"n":-1.5e3,"ok":true,"no":null,"deep":{"a":"q\"\\\u000a"},"empty":[]})");
  CHECK(s->tests[1].expect == RuleTestSettings::Expect::allow);
  CHECK(s->tests[1].expect_headers.at("X-User") == std::optional<std::string>("alice"));
  CHECK(s->tests[1].expect_headers.at("X-Name") == std::nullopt);
  CHECK(s->tests[1].client == "2001:db8::1");
}

TEST_CASE("options about access tokens are read") {
  const auto s = loaded(kFull);
  CHECK(s->bearer.audiences == std::vector<std::string>{"https://api.example.com"});
  CHECK(s->bearer.introspection);
  CHECK(s->bearer.introspection_cache_ms == 10 * kSecond);
  CHECK(s->bearer.max_cached == 100);
  REQUIRE(s->bearer.issuers.size() == 2);
  CHECK(s->bearer.issuers[0].issuer == "https://short.example.net");
  CHECK(s->bearer.issuers[0].type == "at+jwt");
  const IssuerSettings& full = s->bearer.issuers[1];
  CHECK(full.issuer == "https://ci.example.net/");
  CHECK(full.jwks_url == "https://keys.example.net/x");
  CHECK(full.connect_to->text() == "http://ci");
  CHECK(full.audiences == std::vector<std::string>{"deploy"});
  CHECK(full.type == "JWT");
  CHECK(s->routes[1].accept.session);
  CHECK(s->routes[1].accept.bearer);
  CHECK(s->routes[1].audiences == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(s->routes[0].accept.bearer);
}

TEST_CASE("the defaults of the option table are those of the settings") {
  Settings settings;
  settings.upstreams["x"].name = "x";
  settings.routes.emplace_back();
  settings.tests.emplace_back();
  settings.bearer.issuers.emplace_back();
  Scope element{&settings,           &settings.listen[0], &settings.upstreams["x"],
                &settings.routes[0], &settings.tests[0],  &settings.bearer.issuers[0]};
  element.connector = &element.provision().connectors.emplace_back();
  element.resource = &element.provision().resources.emplace_back();
  element.role = &element.provision().roles.emplace_back();
  element.organization_role = &element.provision().organization_roles.emplace_back();
  Scope top;
  top.settings = &settings;
  Scope realm = top;
  realm.realm = &settings.realms.emplace_back();
  for (const auto& option : option_table()) {
    if (!option.binding.print || option.default_text.empty()) continue;
    CAPTURE(option.path);
    const bool in_realm = option.path.starts_with("realms.*.");
    const bool in_element = option.path.find_first_of("[*") != std::string::npos;
    Node printed;
    printed.entries.push_back({"v", {}, option.binding.print(in_realm ? realm : in_element ? element : top)});
    std::vector<ConfigProblem> problems;
    const auto expected = parse_document("v: " + std::string(option.default_text) + "\n", "f", problems);
    REQUIRE(expected.has_value());
    if (option.type == "a duration" && option.default_text != "null") {  // 24h prints as 1d
      CHECK(parse_duration(printed.find("v")->text).value() == parse_duration(option.default_text).value());
    } else {
      CHECK(write_yaml(printed) == write_yaml(*expected));
    }
  }
}

TEST_CASE("the mask stands where secrets are, and nowhere else") {
  for (const auto& option : option_table()) {
    if (!option.is(kSecret)) continue;
    CAPTURE(option.path);
    const auto s = loaded(good_config());
    Settings copy = *s;
    copy.logto.webhook_secret = Secret("w");
    copy.redis.password = Secret("p");
    copy.forward_auth.secret = Secret("c");
    Scope top;
    top.settings = &copy;
    top.provision().management.app_secret = Secret("m");
    top.connector = &top.provision().connectors.emplace_back();
    top.connector->client_secret = Secret("s");
    CHECK(option.binding.print(top).text == kSecretMask);
  }
}

TEST_CASE("secrets that need not be there are masked only when they are") {
  const std::string printed = print_config(*loaded(good_config()));
  CHECK(printed.find("webhook_secret: null\n") != std::string::npos);
  CHECK(printed.find("  password: null\n") != std::string::npos);
}

TEST_CASE("a file that holds the name of a variable, or a word, holds no secret") {
  const auto folder = std::filesystem::temp_directory_path() / "logto-proxy-config-test-left";
  std::filesystem::create_directories(folder);
  for (const char* text : {"$APP_SECRET", "${APP_SECRET}", "$(APP_SECRET)", "%APP_SECRET%", "<secret>", "{{secret}}",
                           "changeme", "replace-me", "YOUR_APP_SECRET"}) {
    CAPTURE(text);
    std::ofstream(folder / "app") << text << "\n";
    const std::string config = good_config(
        {{"logto", "logto: { endpoint: https://t, app_id: a, app_secret_file: " + (folder / "app").string() + " }\n"}});
    const std::string told = problems_of(config);
    CHECK(told.find("logto.app_secret_file: is ") != std::string::npos);
    CHECK(told.find(text) == std::string::npos);
  }
  std::ofstream(folder / "webhook") << "$WEBHOOK_SECRET\n";
  CHECK(problems_of(good_config({{"logto",
                                  "logto: { endpoint: https://t, app_id: a, app_secret: s3cret, "
                                  "webhook_secret_file: " +
                                      (folder / "webhook").string() + " }\n"}}))
            .find("logto.webhook_secret_file: is the name of a variable") != std::string::npos);
}

TEST_CASE("secrets are read from files next to the configuration") {
  const auto folder = std::filesystem::temp_directory_path() / "logto-proxy-config-test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "app") << "from-file\n\nand-the-old-one\r\n";
  std::ofstream(folder / "ring") << kSecretB << "\n\n" << kSecretA << "\r\n";
  std::ofstream(folder / "webhook") << "signing-key\n";
  std::ofstream(folder / "redis") << "of-redis\n";
  std::ofstream(folder / "ca.pem") << "-----BEGIN CERTIFICATE-----\n";
  const std::string config =
      good_config({{"logto",
                    "logto: { endpoint: https://t, app_id: a, app_secret_file: app, ca_file: ca.pem, "
                    "webhook_secret_file: webhook }\n"},
                   {"redis", "redis: { url: rediss://r, password_file: redis, ca_file: ca.pem }\n"},
                   {"session", "session: { secret_file: ring }\n"}});
  std::ofstream(folder / "config.yaml") << config;
  const auto result = load_config((folder / "config.yaml").string(), usual_environment());
  REQUIRE(result.ok());
  REQUIRE(result->settings->logto.app_secrets.size() == 2);
  CHECK(result->settings->logto.app_secrets[0].equals("from-file"));
  CHECK(result->settings->logto.app_secrets[1].equals("and-the-old-one"));
  CHECK(result->settings->session.secrets.size() == 2);
  CHECK(result->settings->session.secrets[0].equals(*base64_decode(kSecretB)));
  CHECK(result->settings->logto.ca_file == (folder / "ca.pem").string());
  CHECK(result->settings->redis.ca_file == (folder / "ca.pem").string());
  CHECK(result->settings->logto.webhook_secret.equals("signing-key"));
  CHECK(result->settings->redis.password.equals("of-redis"));
  for (const char* nothing : {"", "\n", "\n \r\n\n"}) {
    std::ofstream(folder / "empty") << nothing;
    const auto empty = parse_config(good_config({{"session", "session: { secret_file: empty }\n"}}),
                                    (folder / "c.yaml").string(), usual_environment());
    CHECK_FALSE(empty.ok());
  }
  const auto both =
      parse_config(good_config({{"session", "session: { secret: " + kSecretA + ", secret_file: ring }\n"}}),
                   (folder / "c.yaml").string(), usual_environment());
  REQUIRE_FALSE(both.ok());
  CHECK(both.error().back().message == "expected one of session.secret and session.secret_file, found both");
  std::filesystem::remove_all(folder);
  CHECK(load_config("/nonexistent/x.yaml", usual_environment()).error()[0].text() ==
        "/nonexistent/x.yaml: expected a file, found none at '/nonexistent/x.yaml'; name it as in `logto-proxy check "
        "FILE`, "
        "or in the variable LOGTO_PROXY_CONFIG");
}

namespace {

const std::string kExamplePath = std::string(LP_SOURCE_DIR) + "/config.example.yaml";

// "  #key: value" without a space behind '#' is a default that is shown; returns the text with these taken in, and the
// numbers of their lines.
std::string with_defaults_shown(const std::string& text, std::vector<int>& lines) {
  std::string out;
  std::istringstream in(text);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const auto at = line.find_first_not_of(' ');
    if (at != std::string::npos && line[at] == '#' && at + 1 < line.size() && line[at + 1] != ' ') {
      line.erase(at, 1);
      lines.push_back(number);
    }
    out += line + "\n";
  }
  return out;
}

// All values that a table path stands for in the document.
void find_all(const Node& node, std::string_view path, std::vector<const Node*>& found) {
  if (path.empty()) return found.push_back(&node);
  const auto end = std::min(path.find('.'), path.size());
  auto key = path.substr(0, end);
  const auto rest = path.substr(std::min(end + 1, path.size()));
  const bool list = key.size() > 2 && key.substr(key.size() - 2) == "[]";
  if (list) key.remove_suffix(2);
  for (const auto& entry : node.entries) {
    if (key != "*" && entry.key != key) continue;
    if (!list) {
      // A scalar in place of an upstream or listener is its main key.
      if (entry.value.is_scalar() && rest == "url") found.push_back(&entry.value);
      find_all(entry.value, rest, found);
    } else if (entry.value.is_scalar()) {
      if (rest == "address") found.push_back(&entry.value);
    } else {
      for (const auto& item : entry.value.items) find_all(item, rest, found);
    }
  }
}

}  // namespace

TEST_CASE("config.example.yaml is right as it stands, and with its defaults written out") {
  const std::string text = read_file(kExamplePath);
  std::vector<int> lines;
  const std::string full = with_defaults_shown(text, lines);
  CHECK(lines.size() > 40);
  const auto plain = parse_config(text, "config.example.yaml", usual_environment());
  INFO(problems_of(text));
  REQUIRE(plain.ok());
  CHECK(plain->warnings.empty());
  INFO(problems_of(full));
  const auto shown = parse_config(full, "config.example.yaml", usual_environment());
  REQUIRE(shown.ok());
  CHECK(print_config(*shown->settings) == print_config(*plain->settings));
}

TEST_CASE("config.example.yaml names every option, with the default of the table") {
  std::vector<int> lines;
  std::vector<ConfigProblem> problems;
  const auto document = parse_document(with_defaults_shown(read_file(kExamplePath), lines), "example", problems);
  REQUIRE(document.has_value());
  for (const auto& option : option_table()) {
    const bool is_file_twin = option.path.find("_file") != std::string::npos && !option.path.ends_with("ca_file");
    const bool stands_at_the_top = option.path.starts_with("realms.*.");  // in this file; a file has one of both
    if (is_file_twin || stands_at_the_top) continue;
    CAPTURE(option.path);
    std::vector<const Node*> found;
    find_all(*document, option.path, found);
    CHECK_FALSE(found.empty());
    for (const Node* node : found) {
      if (std::find(lines.begin(), lines.end(), node->mark.line) == lines.end()) continue;
      Node shown;
      shown.entries.push_back({"v", {}, *node});
      const auto expected = parse_document("v: " + std::string(option.default_text) + "\n", "f", problems);
      REQUIRE(expected.has_value());
      CHECK(write_yaml(shown) == write_yaml(*expected));
    }
  }
}
