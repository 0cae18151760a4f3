#include "proxy/http1/response.h"

#include <doctest/doctest.h>

#include <string>

using lp::HeadLimits;
using lp::ParsedResponse;
using Kind = lp::BodyFraming::Kind;

namespace {

bool parses(const std::string& bytes, std::string_view method, ParsedResponse& out) {
  const auto error = lp::parse_response_head(bytes, method, HeadLimits{}, out);
  if (error) CHECK(error->status == 502);
  return !error;
}

}  // namespace

TEST_CASE("responses that speak nonsense are refused") {
  const struct {
    std::string says;
    std::string bytes;
    bool ok;
  } cases[] = {
      {"an ordinary answer", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
      {"no reason but its space", "HTTP/1.1 200 \r\n\r\n", true},
      {"neither reason nor space", "HTTP/1.1 200\r\n\r\n", true},
      {"a reason in Latin-1", "HTTP/1.1 404 P\xe5 vift\r\n\r\n", true},
      {"a status code of its own", "HTTP/1.1 999 No\r\n\r\n", true},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n", true},
      {"HTTP/2", "HTTP/2 200 OK\r\n\r\n", false},
      {"HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", false},
      {"two digits", "HTTP/1.1 20 OK\r\n\r\n", false},
      {"four digits", "HTTP/1.1 2000 OK\r\n\r\n", false},
      {"a status below 100", "HTTP/1.1 099 OK\r\n\r\n", false},
      {"no version", "200 OK\r\n\r\n\r\n\r\n", false},
      {"ICY", "ICY 200 OK\r\n\r\n\r\n", false},
      {"two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n", false},
      {"a tab before the status", "HTTP/1.1\t200 OK\r\n\r\n", false},
      {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", false},
      {"bare LF after a field", "HTTP/1.1 200 OK\r\nA: b\nB: c\r\n\r\n", false},
      {"NUL in a value", std::string("HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n", 26), false},
      {"NUL in the reason", std::string("HTTP/1.1 200 O\0\r\n\r\n", 19), false},
      {"a folded field", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", false},
      {"a field without a name", "HTTP/1.1 200 OK\r\n: b\r\n\r\n", false},
      {"a space before the colon", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", false},
      {"two Content-Lengths, equal", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", false},
      {"Content-Length and Transfer-Encoding",
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", false},
      {"a broken Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", false},
      {"another transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", false},
      {"Transfer-Encoding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false},
      {"Transfer-Encoding in a 103", "HTTP/1.1 103 Early\r\nTransfer-Encoding: chunked\r\n\r\n", false},
      {"an unfinished head", "HTTP/1.1 200 OK\r\nA: b\r\n", false},
      {"nothing", "", false},
  };
  ParsedResponse out;
  for (const auto& c : cases) {
    CAPTURE(c.says);
    CHECK(parses(c.bytes, "GET", out) == c.ok);
  }
}

TEST_CASE("a response's body is framed as RFC 9112 6.3 says") {
  const struct {
    std::string says;
    std::string bytes;
    const char* method;
    Kind kind;
    bool keep_alive;
  } cases[] = {
      {"a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET", Kind::length, true},
      {"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", Kind::chunked, true},
      {"neither: until the end", "HTTP/1.1 200 OK\r\n\r\n", "GET", Kind::until_close, false},
      {"an answer to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", Kind::none, false},
      {"an answer to HEAD with chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD", Kind::none,
       false},
      {"an answer to HEAD that announces nothing", "HTTP/1.1 200 OK\r\n\r\n", "HEAD", Kind::none, false},
      {"an answer to HEAD that announces an empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HEAD",
       Kind::none, true},
      {"304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET", Kind::none, false},
      {"304", "HTTP/1.1 304 Not Modified\r\n\r\n", "GET", Kind::none, true},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n", "GET", Kind::none, true},
      {"204 that announces a body", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "GET", Kind::none, false},
      {"101", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "GET",
       Kind::none, true},
      {"Connection: close", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", "GET", Kind::length,
       false},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", "GET", Kind::length, false},
      {"HTTP/1.0 that stays", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", "GET",
       Kind::length, true},
  };
  ParsedResponse out;
  for (const auto& c : cases) {
    CAPTURE(c.says);
    REQUIRE(parses(c.bytes, c.method, out));
    CHECK(out.body.kind == c.kind);
    CHECK(out.keep_alive == c.keep_alive);
  }
}
