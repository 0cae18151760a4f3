#include "auth/visit/forwarded_request.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace lp;

namespace {

using Headers = std::vector<std::pair<const char*, const char*>>;

const Headers kTraefik = {{"X-Forwarded-Method", "POST"},
                          {"X-Forwarded-Proto", "https"},
                          {"X-Forwarded-Host", "app.test"},
                          {"X-Forwarded-Uri", "/a?b=c"}};
const Headers kNginx = {{"X-Original-URL", "https://app.test/a?b=c"}, {"X-Original-Method", "POST"}};

Headers with(Headers headers, const Headers& more) {
  headers.insert(headers.end(), more.begin(), more.end());
  return headers;
}

Headers without(Headers headers, std::string_view name) {
  std::erase_if(headers, [&](const auto& field) { return field.first == name; });
  return headers;
}

// "METHOD SCHEME HOST TARGET", or "! REASON".
std::string read(const Headers& headers, std::string_view behind = {}, std::string_view method = "GET") {
  RequestHead head;
  head.method = method;
  for (const auto& [name, value] : headers) head.fields.add(name, value);
  const auto request = read_forwarded_request(head, "host.of.the.check", behind);
  if (!request) return "! " + request.error().message;
  return std::string(request->method) + " " + std::string(request->scheme) + " " + std::string(request->authority) +
         " " + std::string(request->path_and_query);
}

}  // namespace

TEST_CASE("each proxy says in its own form what it asks about") {
  CHECK(read(kTraefik) == "POST https app.test /a?b=c");
  CHECK(read(kNginx) == "POST https app.test /a?b=c");
  CHECK(read({}, "/a?b=c", "PUT") == "PUT  host.of.the.check /a?b=c");
  CHECK(read({{"X-Forwarded-Proto", "https"}}, "/", "PUT") == "PUT https host.of.the.check /");
  CHECK(read(with(kNginx, {{"X-Forwarded-Proto", "http"}, {"X-Forwarded-Host", "other"}})) ==
        "POST https app.test /a?b=c");  // these alone are no form
}

TEST_CASE("a WebSocket's scheme is that of its handshake") {
  const Headers wss = with(without(kTraefik, "X-Forwarded-Proto"), {{"X-Forwarded-Proto", "wss"}});
  CHECK(read(wss) == "POST https app.test /a?b=c");
}

TEST_CASE("two forms must say the same") {
  CHECK(read(with(kNginx, kTraefik)) == "POST https app.test /a?b=c");
  const struct {
    const char* name;
    Headers headers;
    const char* behind = "";
  } cases[] = {
      {"another path", with(without(kTraefik, "X-Forwarded-Uri"), with(kNginx, {{"X-Forwarded-Uri", "/public/a"}}))},
      {"another method", with(without(kTraefik, "X-Forwarded-Method"), with(kNginx, {{"X-Forwarded-Method", "GET"}}))},
      {"another host", with(without(kTraefik, "X-Forwarded-Host"), with(kNginx, {{"X-Forwarded-Host", "b.test"}}))},
      {"another scheme", with(without(kTraefik, "X-Forwarded-Proto"), with(kNginx, {{"X-Forwarded-Proto", "http"}}))},
      {"the path behind the endpoint", kTraefik, "/b"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(read(c.headers, c.behind, "POST") == "! two forms are there and say different things");
  }
}

TEST_CASE("a form is complete, each field once and not empty") {
  for (const auto& [name, value] : kTraefik) {
    CAPTURE(name);
    CHECK(read(with(without(kTraefik, name), {{name, ""}})) == "! " + std::string(name) + " is empty");
    CHECK(read(with(kTraefik, {{name, value}})) == "! " + std::string(name) + " is there more than once");
    CHECK(read(without(kTraefik, name)) == "! " + std::string(name) + " is missing");
  }
  for (const auto& [name, value] : kNginx) {
    CAPTURE(name);
    CHECK(read(with(kNginx, {{name, value}})) == "! " + std::string(name) + " is there more than once");
    CHECK(read(without(kNginx, name)) == "! X-Original-URL and X-Original-Method go together");
  }
  CHECK(read({}).starts_with("! nothing says what it is about"));
  CHECK(read({{"X-Original-URI", "/public/a"}, {"X-Rewrite-URL", "/public/a"}}).starts_with("! nothing says"));
  CHECK(read({{"X_Forwarded_Method", "GET"}, {"X_Forwarded_Uri", "/public/a"}}).starts_with("! nothing says"));
}

TEST_CASE("what is no method, no URL or no path is refused") {
  for (const char* url : {"/a", "app.test/a", "ftp://app.test/a", "https://app.test", "https://app.test?a", "https:/a",
                          "https://app.test#/a", "javascript://app.test/a"}) {
    CAPTURE(url);
    CHECK(read({{"X-Original-URL", url}, {"X-Original-Method", "GET"}}).starts_with("! "));
  }
  for (const char* method : {"GET POST", "GET\t", "G(T"}) {
    CHECK(read({{"X-Original-URL", "https://app.test/"}, {"X-Original-Method", method}}) ==
          "! X-Original-Method is no method");
  }
  for (const char* uri : {"a", "*", "https://app.test/a", "?a", "#"}) {
    CHECK(read(with(without(kTraefik, "X-Forwarded-Uri"), {{"X-Forwarded-Uri", uri}})).starts_with("! "));
  }
  CHECK(read(with(without(kTraefik, "X-Forwarded-Proto"), {{"X-Forwarded-Proto", "https,http"}})).starts_with("! "));
}

TEST_CASE("the endpoint is told by the target as sent") {
  const struct {
    const char* target;
    const char* behind;  // null: not the endpoint
  } cases[] = {
      {"/_auth/check", ""},           {"/_auth/check?rd=/x", ""},       {"/_auth/check/", "/"},
      {"/_auth/check/a?b", "/a?b"},   {"/_auth/check/../me", "/../me"},  // nothing climbs out of it
      {"/_auth/checks", nullptr},     {"/_auth/check%2Fa", nullptr},    {"/_auth/chec%6b", nullptr},
      {"/_auth/x/../check", nullptr}, {"//_auth/check", nullptr},       {"/_auth", nullptr},
  };
  for (const auto& c : cases) {
    CAPTURE(c.target);
    const auto behind = behind_check(c.target, "/_auth");
    CHECK(behind.has_value() == (c.behind != nullptr));
    if (behind && c.behind) CHECK(*behind == c.behind);
  }
}

namespace {

// "METHOD HOST TARGET", "-", or "! REASON".
std::string read_for_oauth2(const Headers& headers) {
  RequestHead head;
  head.method = "GET";
  for (const auto& [name, value] : headers) head.fields.add(name, value);
  const auto about = read_oauth2_target(head, "inside");
  if (!about) return "! " + about.error().message;
  if (!*about) return "-";
  return std::string((*about)->method) + " " + std::string((*about)->authority) + " " +
         std::string((*about)->path_and_query);
}

}  // namespace

TEST_CASE("oauth2-proxy is told by X-Forwarded-Uri, and by what goes with it") {
  CHECK(read_for_oauth2({}) == "-");
  CHECK(read_for_oauth2({{"X-Forwarded-Method", "PUT"}, {"X-Forwarded-Host", "a.test"}}) == "-");
  CHECK(read_for_oauth2({{"X-Forwarded-Uri", "/a?b"}}) == " inside /a?b");
  CHECK(read_for_oauth2({{"X-Forwarded-Uri", "/a"}, {"X-Forwarded-Method", "PUT"}}) == "PUT inside /a");
  CHECK(read_for_oauth2(kTraefik) == "POST app.test /a?b=c");
  CHECK(read_for_oauth2(kNginx) == "POST app.test /a?b=c");
  CHECK(read_for_oauth2(with(kNginx, kTraefik)) == "POST app.test /a?b=c");
  CHECK(read_for_oauth2(without(kNginx, "X-Original-Method")) == " app.test /a?b=c");
  CHECK(read_for_oauth2(with(kNginx, {{"X-Forwarded-Uri", "/a?b=c"}})) == "POST app.test /a?b=c");
}

TEST_CASE("what is told twice for oauth2-proxy is the same, and complete in itself") {
  const struct {
    const char* name;
    Headers headers;
  } cases[] = {
      {"another path", with(kNginx, {{"X-Forwarded-Uri", "/public"}})},
      {"another method", with(kNginx, {{"X-Forwarded-Uri", "/a?b=c"}, {"X-Forwarded-Method", "GET"}})},
      {"another host", with(kNginx, {{"X-Forwarded-Uri", "/a?b=c"}, {"X-Forwarded-Host", "b.test"}})},
      {"a field twice", {{"X-Forwarded-Uri", "/a"}, {"X-Forwarded-Uri", "/a"}}},
      {"a method twice", {{"X-Forwarded-Uri", "/a"}, {"X-Forwarded-Method", "GET"}, {"X-Forwarded-Method", "GET"}}},
      {"an empty field", {{"X-Forwarded-Uri", ""}}},
      {"no path", {{"X-Forwarded-Uri", "https://app.test/a"}}},
      {"no method", {{"X-Forwarded-Uri", "/a"}, {"X-Forwarded-Method", "G T"}}},
      {"no URL", {{"X-Original-URL", "/a"}}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(read_for_oauth2(c.headers).starts_with("! "));
  }
}

TEST_CASE("/oauth2/auth is told in one spelling, and the root by all that Traefik says") {
  ForwardAuthSettings settings;
  CHECK_FALSE(asks_oauth2_auth("/auth", settings));
  settings.oauth2_proxy = "/sso/x";
  CHECK(asks_oauth2_auth("/sso/x/auth?a", settings));
  for (const char* target : {"/oauth2/auth", "/sso/auth", "/sso/xauth", "/sso/x", "/auth"})
    CHECK_FALSE(asks_oauth2_auth(target, settings));
  settings.oauth2_proxy = "/oauth2";
  for (const char* target : {"/oauth2/auth", "/oauth2/auth?allowed_groups=a"})
    CHECK(asks_oauth2_auth(target, settings));
  for (const char* target : {"/oauth2/auth/", "/oauth2/%61uth", "//oauth2/auth", "/x/../oauth2/auth", "/oauth2/authx"})
    CHECK_FALSE(asks_oauth2_auth(target, settings));
  RequestHead head;
  for (const auto& [name, value] : kTraefik) {
    CHECK_FALSE(asks_at_root(head, "/"));
    head.fields.add(name, value);
  }
  CHECK(asks_at_root(head, "/"));
  CHECK(asks_at_root(head, "/?x"));
  CHECK_FALSE(asks_at_root(head, "/x"));
}

TEST_CASE("a handshake is told by any of its fields, for proxies take Upgrade away") {
  for (const Headers& headers : {Headers{{"Upgrade", "WebSocket"}}, Headers{{"Sec-WebSocket-Key", "x"}},
                                 Headers{{"sec-websocket-version", "13"}}}) {
    Fields fields;
    for (const auto& [name, value] : headers) fields.add(name, value);
    CHECK(asks_for_websocket(fields));
  }
  CHECK_FALSE(asks_for_websocket(Fields{}));
}
