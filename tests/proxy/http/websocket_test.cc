#include "proxy/http/websocket.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {
const char* const kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 1.3
constexpr auto kAllowed = lp::UpgradeOrigin::allowed;
constexpr auto kProgram = lp::UpgradeOrigin::program;
constexpr auto kForeign = lp::UpgradeOrigin::foreign;
const char* const kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
}  // namespace

TEST_CASE("the accept value of RFC 6455") { CHECK(lp::websocket_accept(kKey) == kAccept); }

TEST_CASE("only scripts of the URL that was asked and configured ones open a WebSocket") {
  lp::Settings settings;
  settings.external_urls = {
      {"https", "app.test", 443}, {"http", "app.test", 80}, {"http", "localhost", 8080}, {"https", "*.team.test", 443}};
  lp::RouteSettings route;
  route.allowed_origins = {{"https", "friend.test", 8443},   {"https", "wiki.team.test", 443},
                           {"chrome-extension", "known", 0}, {"moz-extension", "*", 0},
                           {"capacitor", "localhost", 0},    {"file", "", 0}};
  const struct {
    std::string says;
    std::vector<const char*> origins;
    lp::UpgradeOrigin origin;
  } cases[] = {
      {"none at all", {}, kProgram},
      {"the Host without a scheme, as some programs write it", {"app.test"}, kProgram},
      {"the Host with its port", {"app.test:443"}, kProgram},
      {"the Host with another port", {"app.test:444"}, kForeign},
      {"the WebSocket's own address", {"wss://app.test"}, kProgram},
      {"it without TLS, in capitals, of another host", {"WS://other.test:80"}, kProgram},
      {"another host without a scheme", {"evil.test"}, kForeign},
      {"the Host without a scheme, twice", {"app.test", "app.test"}, kForeign},
      {"ours", {"https://app.test"}, kAllowed},
      {"ours with its default port, as no browser writes it", {"https://app.test:443"}, kForeign},
      {"ours in capitals, as no browser writes it", {"HTTPS://APP.TEST"}, kForeign},
      {"our other one", {"http://localhost:8080"}, kForeign},
      {"ours by another scheme, which its Host names too", {"http://app.test"}, kAllowed},
      {"ours with another port", {"https://app.test:444"}, kForeign},
      {"one of a wildcard", {"https://x.team.test"}, kForeign},
      {"two labels of a wildcard", {"https://x.y.team.test"}, kForeign},
      {"one of a wildcard with its default port", {"https://x.team.test:443"}, kForeign},
      {"one of a wildcard in capitals", {"https://X.team.test"}, kForeign},
      {"one of a wildcard with a slash, as no browser writes it", {"https://x.team.test/"}, kProgram},
      {"the wildcard itself", {"https://*.team.test"}, kForeign},
      {"a configured one", {"https://friend.test:8443"}, kAllowed},
      {"a configured one of external_urls", {"https://wiki.team.test"}, kAllowed},
      {"a configured one without its port", {"https://friend.test"}, kForeign},
      {"a subdomain of ours", {"https://x.app.test"}, kForeign},
      {"ours as a prefix", {"https://app.test.evil.test"}, kForeign},
      {"user info", {"https://app.test@evil.test"}, kForeign},
      {"null", {"null"}, kForeign},
      {"empty", {""}, kForeign},
      {"a path behind, as no browser writes it", {"https://app.test/x"}, kProgram},
      {"what Go's x/net/websocket wants", {"http://localhost/"}, kProgram},
      {"that twice", {"http://localhost/", "http://localhost/"}, kForeign},
      {"files, which browsers write so", {"file:///"}, kForeign},
      {"two of ours", {"https://app.test", "https://app.test"}, kForeign},
      {"a list", {"https://app.test, https://evil.test"}, kForeign},
      {"an extension", {"chrome-extension://abcdef"}, kForeign},
      {"a configured extension", {"chrome-extension://known"}, kAllowed},
      {"it with more behind", {"chrome-extension://known2"}, kForeign},
      {"it in capitals", {"Chrome-Extension://known"}, kForeign},
      {"any extension of Firefox", {"moz-extension://6f3ae9b1-0b0a-4d53-9d2c-3d1b5f1f9a5e"}, kAllowed},
      {"another scheme that begins so", {"moz-extension2://6f3ae9b1"}, kForeign},
      {"a configured app", {"capacitor://localhost"}, kAllowed},
      {"another app", {"ionic://localhost"}, kForeign},
      {"configured files", {"file://"}, kAllowed},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    lp::Fields fields;
    for (const char* origin : c.origins) fields.add("oRiGiN", origin);
    CHECK(lp::origin_of_upgrade("websocket", fields, settings, route, settings.external_urls[0]) == c.origin);
  }
  lp::Fields of_team;
  of_team.add("Origin", "https://x.team.test");
  const auto of = [&](const char* asked) {
    return lp::origin_of_upgrade("websocket", of_team, settings, route, {"https", asked, 443});
  };
  CHECK(of("x.team.test") == kAllowed);
  CHECK(of("y.team.test") == kForeign);
  CHECK(lp::origin_of_upgrade("tcp", {}, settings, route, {"https", "x.team.test", 443}) == kAllowed);
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

TEST_CASE("what a connection may become is the route's to say") {
  lp::RouteSettings usual;
  lp::RouteSettings docker;
  docker.upgrades = {"TCP", "SPDY/3.1"};
  const struct {
    std::string says;
    const char* asked;
    bool is_handshake;
    const lp::RouteSettings* route;
    const char* upgrade;
  } cases[] = {
      {"a WebSocket", "WebSocket", true, &usual, "WebSocket"},
      {"a WebSocket where it is not listed", "websocket", true, &docker, ""},
      {"a WebSocket without a route", "websocket", true, nullptr, "websocket"},
      {"tcp where it is not listed", "tcp", false, &usual, ""},
      {"tcp without a route", "tcp", false, nullptr, ""},
      {"tcp", "tcp", false, &docker, "tcp"},
      {"SPDY/3.1", "spdy/3.1", false, &docker, "spdy/3.1"},
      {"h2c", "h2c", false, &docker, ""},
      {"nothing", "", false, &docker, ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    lp::ParsedRequest request;
    request.upgrade = c.asked;
    request.wants_websocket = c.is_handshake;
    CHECK(lp::upgrade_of(request, c.route) == c.upgrade);
  }
}

TEST_CASE("an app opens a tunnel by naming what was asked for") {
  const struct {
    std::string says;
    int status;
    const char* upgrade;
    const char* type;
    lp::BodyFraming::Kind body;
    bool accepted;
  } cases[] = {
      {"101 tcp", 101, "tcp", "application/vnd.docker.raw-stream", lp::BodyFraming::Kind::none, true},
      {"101 TCP", 101, "TCP", "", lp::BodyFraming::Kind::none, true},
      {"101 of something else", 101, "websocket", "", lp::BodyFraming::Kind::none, false},
      {"101 of nothing", 101, "", "", lp::BodyFraming::Kind::none, false},
      {"Docker's stream", 200, "", "application/vnd.docker.raw-stream", lp::BodyFraming::Kind::until_close, true},
      {"Docker's other stream", 200, "", "application/vnd.docker.multiplexed-stream",
       lp::BodyFraming::Kind::until_close, true},
      {"one with an end of its own", 200, "", "application/vnd.docker.raw-stream", lp::BodyFraming::Kind::chunked,
       false},
      {"a page", 200, "", "text/html", lp::BodyFraming::Kind::until_close, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    lp::ParsedResponse response;
    response.head.status = c.status;
    response.body.kind = c.body;
    if (*c.upgrade != 0) response.head.fields.add("Upgrade", c.upgrade);
    if (*c.type != 0) response.head.fields.add("Content-Type", c.type);
    CHECK(lp::accepts_upgrade(response, "tcp", {}) == c.accepted);
    CHECK_FALSE(lp::accepts_upgrade(response, "", {}));
    CHECK_FALSE(lp::accepts_upgrade(response, "websocket", {}));
  }
}

TEST_CASE("a handshake that we accept ourselves answers what was offered") {
  lp::Fields request;
  CHECK_FALSE(lp::is_complete_handshake(request));
  request.add("Sec-WebSocket-Key", kKey);
  CHECK_FALSE(lp::is_complete_handshake(request));
  request.add("Sec-WebSocket-Version", "13");
  CHECK(lp::is_complete_handshake(request));
  lp::ResponseHead plain;
  lp::describe_accepted(request, kAccept, plain);
  CHECK(plain.status == 101);
  CHECK(plain.fields.get("Sec-WebSocket-Accept") == kAccept);
  CHECK_FALSE(plain.fields.has("Sec-WebSocket-Protocol"));
  request.add("Sec-WebSocket-Protocol", "chat, superchat");
  lp::ResponseHead with_protocol;
  lp::describe_accepted(request, kAccept, with_protocol);
  CHECK(with_protocol.fields.get("Sec-WebSocket-Protocol") == "chat");
  request.add("Sec-WebSocket-Key", kKey);
  CHECK_FALSE(lp::is_complete_handshake(request));
}

TEST_CASE("what offers subprotocols that are none, or no key, is no handshake that we accept") {
  const auto is_complete = [](const char* key, std::vector<const char*> protocols) {
    lp::Fields request;
    request.add("Sec-WebSocket-Key", key);
    request.add("Sec-WebSocket-Version", "13");
    for (const char* one : protocols) request.add("Sec-WebSocket-Protocol", one);
    return lp::is_complete_handshake(request);
  };
  CHECK(is_complete(kKey, {}));
  CHECK(is_complete(kKey, {"chat, superchat", "v1.x"}));
  for (const char* bad : {"", " ", ",", "a b", "a\"b", "chat, a/b", "chat, chat", "a;b", "\xc3\xa9"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_complete(kKey, {bad}));
  }
  CHECK_FALSE(is_complete(kKey, {"chat", "chat"}));
  for (const char* key : {"dGhlIHNhbXBsZSBub25jZQ--", "dGhlIHNhbXBsZSBub25jZXh4", "short"})
    CHECK_FALSE(is_complete(key, {}));
}
