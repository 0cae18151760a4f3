#include "proxy/http1/request.h"

#include <doctest/doctest.h>

#include <string>

using lp::BodyFraming;
using lp::HeadLimits;
using lp::ParsedRequest;

namespace {

// 0: accepted.
int status_of(const std::string& bytes, ParsedRequest& out) {
  const auto error = lp::parse_request_head(bytes, HeadLimits{}, out);
  return error ? error->status : 0;
}

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: a.test\r\n" + fields + "\r\n"; }
std::string line(const std::string& request_line) { return request_line + "\r\nHost: a.test\r\n\r\n"; }
std::string host(const std::string& value) { return "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n"; }

struct Case {
  std::string says;
  std::string bytes;
  int status;
};

}  // namespace

TEST_CASE("a request head is taken apart into views") {
  const std::string bytes =
      "POST /a/b?c=d HTTP/1.1\r\nHost: App.Test:8080\r\nX-Empty:\r\nX-Padded: \t v w \t\r\nContent-Length: 12\r\n\r\n";
  ParsedRequest out;
  REQUIRE(status_of(bytes, out) == 0);
  CHECK(out.head.method == "POST");
  CHECK(out.head.target == "/a/b?c=d");
  CHECK(out.path_and_query == "/a/b?c=d");
  CHECK(out.authority == "App.Test:8080");
  CHECK(out.head.version_minor == 1);
  CHECK(out.head.fields.size() == 4);
  CHECK(out.head.fields.get("x-padded") == "v w");
  CHECK(out.head.fields.has("X-EMPTY"));
  CHECK(out.body.kind == BodyFraming::Kind::length);
  CHECK(out.body.length == 12);
  CHECK(out.keep_alive);
}

TEST_CASE("request lines, hosts and framing that are ambiguous are refused") {
  const Case cases[] = {
      {"an unknown method passes", line("FOO / HTTP/1.1"), 0},
      {"a lower-case method is another method and passes here", line("get / HTTP/1.1"), 0},
      {"TRACE", line("TRACE / HTTP/1.1"), 405},
      {"TRACE for an app that folds methods to upper case", line("trace / HTTP/1.1"), 405},
      {"CONNECT", line("CONNECT a.test:443 HTTP/1.1"), 405},
      {"CONNECT in another case", line("Connect a.test:443 HTTP/1.1"), 405},
      {"a method of 33 bytes", line(std::string(33, 'A') + " / HTTP/1.1"), 501},
      {"a method with a slash", line("GE/T / HTTP/1.1"), 400},
      {"two spaces before the target", line("GET  / HTTP/1.1"), 400},
      {"two spaces before the version", line("GET /  HTTP/1.1"), 400},
      {"space behind the version", line("GET / HTTP/1.1 "), 400},
      {"a target with a space", line("GET /a /b HTTP/1.1"), 400},
      {"a second version in the target", line("GET /x? HTTP/1.1 /y HTTP/1.1"), 400},
      {"HTTP/0.9 style", line("GET /"), 400},
      {"a non-ASCII target goes on to be judged", line("GET /\xc3\xa4 HTTP/1.1"), 0},
      {"a control byte in the target", line("GET /\x7f HTTP/1.1"), 400},
      {"HTTP/1.2", line("GET / HTTP/1.2"), 505},
      {"HTTP/2.0", line("GET / HTTP/2.0"), 505},
      {"HTTP/9.9", line("GET / HTTP/9.9"), 505},
      {"HTTP/01.01", line("GET / HTTP/01.01"), 400},
      {"lower-case http", line("GET / http/1.1"), 400},
      {"HTTP/1.10", line("GET / HTTP/1.10"), 400},
      {"the asterisk form", line("OPTIONS * HTTP/1.1"), 400},
      {"the authority form of GET", line("GET a.test:80 HTTP/1.1"), 400},
      {"a target that begins with @", line("GET @evil.test/x HTTP/1.1"), 400},
      {"the absolute form of another scheme", line("GET ftp://a.test/ HTTP/1.1"), 400},
      {"the absolute form that agrees with Host", line("GET http://a.test/x HTTP/1.1"), 0},
      {"the absolute form with default port and odd case", line("GET HTTP://A.test:80/x HTTP/1.1"), 0},
      {"the absolute form of another host", line("GET http://evil.test/x HTTP/1.1"), 400},
      {"the absolute form of another port", line("GET http://a.test:81/x HTTP/1.1"), 400},
      {"the absolute form with user info", line("GET http://a.test@evil.test/x HTTP/1.1"), 400},
      {"the absolute form without a path but a query", line("GET http://a.test?x HTTP/1.1"), 400},
      {"a target longer than the limit", line("GET /" + std::string(17 * 1024, 'a') + " HTTP/1.1"), 414},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 400},
      {"an empty Host", host(""), 400},
      {"two equal Hosts", get("Host: a.test\r\n"), 400},
      {"two Hosts, one in other case", get("hOST: evil.test\r\n"), 400},
      {"a list of hosts", host("a.test, b.test"), 400},
      {"a Host with user info", host("a@b.test"), 400},
      {"a Host with a path", host("a.test/x"), 400},
      {"a Host with a port and a path", host("a.test:80/x"), 400},
      {"a Host with a space", host("a test"), 400},
      {"a Host with a zone id", host("[::1%25eth0]"), 400},
      {"an IPv6 Host", host("[::1]:8080"), 0},
      {"whitespace before the colon", get("A : b\r\n"), 400},
      {"a field without a colon", get("A\r\n"), 400},
      {"a field without a name", get(": b\r\n"), 400},
      {"a name with a non-token byte", get("A(: b\r\n"), 400},
      {"a non-ASCII name", get("\xc3\xa4: b\r\n"), 400},
      {"a folded field", get("A: b\r\n c\r\n"), 400},
      {"a bare CR in a value", get("A: b\rc\r\n"), 400},
      {"a bare LF in a value", get("A: b\nB: c\r\n"), 400},
      {"NUL in a value", get(std::string("A: b\0c\r\n", 8)), 400},
      {"ESC in a value", get("A: \x1b[2J\r\n"), 400},
      {"non-UTF-8 in a value passes", get("A: \xff\xfe\r\n"), 0},
      {"bytes behind the empty line", get("") + "x", 400},
      {"Content-Length twice, equal", get("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
      {"Content-Length as a list", get("Content-Length: 5, 5\r\n"), 400},
      {"Content-Length with a sign", get("Content-Length: +5\r\n"), 400},
      {"Content-Length in hex", get("Content-Length: 0x5\r\n"), 400},
      {"Content-Length empty", get("Content-Length:\r\n"), 400},
      {"Content-Length 2^63", get("Content-Length: 9223372036854775808\r\n"), 400},
      {"Content-Length 2^63-1", get("Content-Length: 9223372036854775807\r\n"), 0},
      {"Content-Length 2^64+5", get("Content-Length: 18446744073709551621\r\n"), 400},
      {"Content-Length of many zeros", get("Content-Length: 00000000000000000005\r\n"), 400},
      {"Transfer-Encoding with Content-Length", get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"Transfer-Encoding in any case", get("transfer-encoding: CHUNKED\r\n"), 0},
      {"Transfer-Encoding twice", get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"Transfer-Encoding list", get("Transfer-Encoding: gzip, chunked\r\n"), 400},
      {"Transfer-Encoding identity", get("Transfer-Encoding: identity\r\n"), 400},
      {"Transfer-Encoding with a trailing comma", get("Transfer-Encoding: chunked,\r\n"), 400},
      {"Transfer-Encoding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"an unknown expectation", get("Expect: y 100-continue\r\nContent-Length: 1\r\n"), 417},
      {"a WebSocket handshake by POST",
       "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 400},
      {"a WebSocket handshake with a body", get("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n"),
       400},
  };
  ParsedRequest out;
  for (const Case& c : cases) {
    CAPTURE(c.says);
    CHECK(status_of(c.bytes, out) == c.status);
  }
}

TEST_CASE("Connection and the version decide whether the connection stays open") {
  struct {
    std::string bytes;
    bool keep_alive;
  } const cases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo , CLOSE\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nProxy-Connection: close\r\n\r\n", true},
  };
  ParsedRequest out;
  for (const auto& c : cases) {
    CAPTURE(c.bytes);
    REQUIRE(status_of(c.bytes, out) == 0);
    CHECK(out.keep_alive == c.keep_alive);
  }
}

TEST_CASE("only where all that Connection says is known does it surely name no fields") {
  struct {
    std::string fields;
    bool may_name_fields;
  } const cases[] = {
      {"", false},
      {"Connection: keep-alive\r\n", false},
      {"Connection: Close , , UPGRADE\r\n", false},
      {"Connection:\r\n", false},
      {"X-Connection: X-Hop\r\n", false},
      {"Connection: X-Hop\r\n", true},
      {"CONNECTION: keep-alive,X-Hop\r\n", true},
      {"Connection: X-Hop\r\nConnection: close\r\n", true},
      {"Connection: keep-alive\r\nConnection: close, x-hop\r\n", true},
      {"Connection: keep-alive x-hop\r\n", true},
      {"Connection: keepalive\r\n", true},
  };
  ParsedRequest out;
  CHECK(out.may_name_fields);
  for (const auto& c : cases) {
    CAPTURE(c.fields);
    REQUIRE(status_of("GET / HTTP/1.1\r\nHost: a\r\n" + c.fields + "\r\n", out) == 0);
    CHECK(out.may_name_fields == c.may_name_fields);
  }
}

TEST_CASE("what asks for an upgrade, and what for a WebSocket") {
  struct {
    std::string says;
    const char* fields;
    bool websocket;
    const char* upgrade;
  } const cases[] = {
      {"a handshake", "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n", true, "WebSocket"},
      {"a handshake with Content-Length: 0", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n", true,
       "websocket"},
      {"Upgrade without the Connection option", "Upgrade: websocket\r\n", false, ""},
      {"the Connection option without Upgrade", "Connection: Upgrade\r\n", false, ""},
      {"h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n", false, "h2c"},
      {"Docker's", "Connection: Upgrade\r\nUpgrade: tcp\r\n", false, "tcp"},
      {"Kubernetes'", "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n", false, "SPDY/3.1"},
      {"what no protocol is called", "Connection: Upgrade\r\nUpgrade: t cp\r\n", false, ""},
      {"a list", "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n", false, ""},
      {"two Upgrade fields", "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n", false, ""},
  };
  ParsedRequest out;
  for (const auto& c : cases) {
    CAPTURE(c.says);
    const std::string bytes = get(c.fields);
    REQUIRE(status_of(bytes, out) == 0);
    CHECK(out.wants_websocket == c.websocket);
    CHECK(out.upgrade == c.upgrade);
    CHECK((out.body.kind == BodyFraming::Kind::none) == true);
  }
}

TEST_CASE("a whole head is taken off the front of what came, half of one or a bad one is not") {
  const std::string head = "GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n";
  const HeadLimits limits{head.size(), 200, 100};
  ParsedRequest out;
  CHECK(lp::take_request_head(head, limits, out) == head.size());
  const std::string two = head + "GET /b HTTP/1.1\r\n";
  CHECK(lp::take_request_head(two, limits, out) == head.size());
  CHECK(out.head.target == "/a");
  for (std::size_t n = 0; n < head.size(); ++n) CHECK(lp::take_request_head(head.substr(0, n), limits, out) == 0);
  CHECK(lp::take_request_head(head, {head.size() - 1, 200, 100}, out) == 0);
  CHECK(lp::take_request_head(host("a.test/x"), limits, out) == 0);
  CHECK(lp::take_request_head("GET /a HTTP/1.1\nHost: a.test\n\n", limits, out) == 0);
}

TEST_CASE("the Host of an earlier request on a connection is taken again, and vouches for no other") {
  ParsedRequest out;
  REQUIRE(status_of(host("a.test"), out) == 0);
  const std::string again = host("a.test");
  REQUIRE(status_of(again, out) == 0);
  CHECK(out.authority == "a.test");
  for (const char* other : {"", "a.test/x", "a.test ,b", "a@a.test", "a test"}) {
    CAPTURE(other);
    CHECK(status_of(host(other), out) == 400);
  }
  CHECK(status_of(get("Host: a.test\r\n"), out) == 400);
  CHECK(status_of(host("A.TEST"), out) == 0);
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n", out) == 400);
}

TEST_CASE("only where Host is not needed a request may come without it, or with an empty one") {
  HeadLimits limits;
  limits.needs_host = false;
  ParsedRequest out;
  CHECK_FALSE(lp::parse_request_head("GET /healthz HTTP/1.0\r\n\r\n", limits, out));
  CHECK(out.path_and_query == "/healthz");
  CHECK(out.authority.empty());
  for (const char* probe : {"GET /healthz HTTP/1.1\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n",
                            "GET /healthz HTTP/1.1\r\nHost: \r\n\r\n", "GET /healthz HTTP/1.0\r\nHost: \r\n\r\n"}) {
    CAPTURE(probe);
    CHECK_FALSE(lp::parse_request_head(probe, limits, out));
    CHECK(out.authority.empty());
    CHECK(lp::parse_request_head(probe, HeadLimits{}, out));
  }
  for (const char* bad :
       {"GET /healthz HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost:\r\nHost:\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", "GET http://a/healthz HTTP/1.1\r\nHost:\r\n\r\n",
        "GET http://a/healthz HTTP/1.1\r\n\r\n"}) {
    CAPTURE(bad);
    CHECK(lp::parse_request_head(bad, limits, out));
  }
  CHECK(lp::parse_request_head("GET /healthz HTTP/1.0\r\n\r\n", HeadLimits{}, out));
}

TEST_CASE("100-continue is expected only where there is a body to wait for") {
  ParsedRequest out;
  REQUIRE(status_of(get("Expect: 100-Continue\r\nContent-Length: 5\r\n"), out) == 0);
  CHECK(out.expect_continue);
  REQUIRE(status_of(get("Expect: 100-continue\r\n"), out) == 0);
  CHECK_FALSE(out.expect_continue);
  REQUIRE(status_of("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", out) == 0);
  CHECK_FALSE(out.expect_continue);
}

TEST_CASE("the absolute form leaves its path and query") {
  ParsedRequest out;
  const std::string without_path = line("GET http://a.test HTTP/1.1");
  REQUIRE(status_of(without_path, out) == 0);
  CHECK(out.path_and_query == "/");
  const std::string with_query = line("GET http://a.test/x?y HTTP/1.1");
  REQUIRE(status_of(with_query, out) == 0);
  CHECK(out.path_and_query == "/x?y");
}

TEST_CASE("field counts and Connection options are bounded") {
  ParsedRequest out;
  std::string fields;
  for (int i = 0; i < 200; ++i) fields += "A: b\r\n";
  CHECK(status_of(get(fields), out) == 431);  // with Host it is one too many
  std::string options = "Connection: a";
  for (int i = 0; i < 100; ++i) options += ",b";
  CHECK(status_of(get(options + "\r\n"), out) == 400);
}

TEST_CASE("nothing of the request before remains in a reused value") {
  ParsedRequest out;
  REQUIRE(status_of(get("Connection: Upgrade\r\nUpgrade: websocket\r\n"), out) == 0);
  REQUIRE(status_of(get("Connection: close\r\nTransfer-Encoding: chunked\r\n"), out) == 0);
  CHECK_FALSE(out.wants_websocket);
  CHECK(out.upgrade.empty());
  REQUIRE(status_of(get(""), out) == 0);
  CHECK(out.keep_alive);
  CHECK(out.body.kind == BodyFraming::Kind::none);
  CHECK(out.head.fields.size() == 1);
}
