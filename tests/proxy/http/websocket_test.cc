#include "proxy/http/websocket.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {
const char* const kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 1.3
const char* const kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
}  // namespace

TEST_CASE("the accept value of RFC 6455") { CHECK(lp::websocket_accept(kKey) == kAccept); }

TEST_CASE("only scripts of the URL that was asked and configured ones open a WebSocket") {
  lp::Settings settings;
  settings.external_urls = {
      {"https", "app.test", 443}, {"http", "app.test", 80}, {"http", "localhost", 8080}, {"https", "*.team.test", 443}};
  lp::RouteSettings route;
  route.allowed_origins = {{"https", "friend.test", 8443}, {"https", "wiki.team.test", 443}};
  const struct {
    std::string says;
    std::vector<const char*> origins;
    bool allowed;
  } cases[] = {
      {"none at all", {}, false},
      {"ours", {"https://app.test"}, true},
      {"ours with its default port, as no browser writes it", {"https://app.test:443"}, false},
      {"ours in capitals, as no browser writes it", {"HTTPS://APP.TEST"}, false},
      {"our other one", {"http://localhost:8080"}, false},
      {"ours by another scheme, which its Host names too", {"http://app.test"}, true},
      {"ours with another port", {"https://app.test:444"}, false},
      {"one of a wildcard", {"https://x.team.test"}, false},
      {"two labels of a wildcard", {"https://x.y.team.test"}, false},
      {"one of a wildcard with its default port", {"https://x.team.test:443"}, false},
      {"one of a wildcard in capitals", {"https://X.team.test"}, false},
      {"one of a wildcard with a path", {"https://x.team.test/"}, false},
      {"the wildcard itself", {"https://*.team.test"}, false},
      {"a configured one", {"https://friend.test:8443"}, true},
      {"a configured one of external_urls", {"https://wiki.team.test"}, true},
      {"a configured one without its port", {"https://friend.test"}, false},
      {"a subdomain of ours", {"https://x.app.test"}, false},
      {"ours as a prefix", {"https://app.test.evil.test"}, false},
      {"user info", {"https://app.test@evil.test"}, false},
      {"null", {"null"}, false},
      {"empty", {""}, false},
      {"a path behind", {"https://app.test/x"}, false},
      {"two of ours", {"https://app.test", "https://app.test"}, false},
      {"a list", {"https://app.test, https://evil.test"}, false},
      {"an extension", {"chrome-extension://abcdef"}, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    lp::Fields fields;
    for (const char* origin : c.origins) fields.add("oRiGiN", origin);
    CHECK(lp::is_allowed_origin(fields, settings, route, settings.external_urls[0]) == c.allowed);
  }
  lp::Fields of_team;
  of_team.add("Origin", "https://x.team.test");
  CHECK(lp::is_allowed_origin(of_team, settings, route, {"https", "x.team.test", 443}));
  CHECK_FALSE(lp::is_allowed_origin(of_team, settings, route, {"https", "y.team.test", 443}));
}

TEST_CASE("an app accepts a WebSocket only by proving it") {
  struct Given {
    std::string name, value;
  };
  const struct {
    std::string says;
    int status;
    std::vector<Given> fields;
    bool accepted;
  } cases[] = {
      {"as in the RFC", 101, {{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", kAccept}}, true},
      {"names and token in any case", 101, {{"upgrade", "WebSocket"}, {"sec-websocket-accept", kAccept}}, true},
      {"200", 200, {{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", kAccept}}, false},
      {"no Upgrade", 101, {{"Sec-WebSocket-Accept", kAccept}}, false},
      {"h2c", 101, {{"Upgrade", "h2c"}, {"Sec-WebSocket-Accept", kAccept}}, false},
      {"no accept", 101, {{"Upgrade", "websocket"}}, false},
      {"an accept for another key", 101, {{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", "AAAA"}}, false},
      {"the accept in another case",
       101,
       {{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", "S3PPLMBITXAQ9KYGZZHZRBK+XOO="}},
       false},
      {"two accepts",
       101,
       {{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", kAccept}, {"Sec-WebSocket-Accept", kAccept}},
       false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    lp::ResponseHead head;
    head.status = c.status;
    for (const auto& field : c.fields) head.fields.add(field.name, field.value);
    CHECK(lp::accepts_websocket(head, kKey) == c.accepted);
    CHECK_FALSE(lp::accepts_websocket(head, ""));
  }
}
