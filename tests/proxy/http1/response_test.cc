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
      {"a bare CR after a field", "HTTP/1.1 200 OK\r\nA: b\rB: c\r\n\r\n", false},
      {"a folded field behind bare LF", "HTTP/1.1 200 OK\nA: b\n c\n\n", false},
      {"NUL in a value", std::string("HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n", 26), false},
      {"NUL in the reason", std::string("HTTP/1.1 200 O\0\r\n\r\n", 19), false},
      {"a folded field", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", false},
      {"a field without a name", "HTTP/1.1 200 OK\r\n: b\r\n\r\n", false},
      {"a space in a name", "HTTP/1.1 200 OK\r\nA B: b\r\n\r\n", false},
      {"two Content-Lengths that differ", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", false},
      {"two that differ behind a blank", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length : 6\r\n\r\n", false},
      {"a list of lengths that differ", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5, 6\r\n\r\n", false},
      {"a list of lengths with an empty member", "HTTP/1.1 200 OK\r\nContent-Length: 5,\r\n\r\n", false},
      {"Content-Length and Transfer-Encoding behind a blank",
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding\t: chunked\r\n\r\n", false},
      {"two Transfer-Encodings", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       false},
      {"identity and chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity, chunked\r\n\r\n", false},
      {"identity and then chunked",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n", false},
      {"an empty Transfer-Encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n", false},
      {"Content-Length and Transfer-Encoding",
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", false},
      {"a broken Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", false},
      {"another transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", false},
      {"Content-Length and chunks in HTTP/1.0",
       "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", false},
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

TEST_CASE("what an app breaks and still says in one way is taken, and ends its connection") {
  using lp::Repair;
  const struct {
    std::string says;
    std::string bytes;
    Kind kind;
    std::uint64_t length;
    Repair repair;
  } cases[] = {
      {"two Content-Lengths, equal", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", Kind::length,
       5, Repair::equal_lengths},
      {"three of them", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
       Kind::length, 5, Repair::equal_lengths},
      {"a list of equal ones", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", Kind::length, 5,
       Repair::equal_lengths},
      {"equal numbers in two spellings", "HTTP/1.1 200 OK\r\nContent-Length: 5,05\r\n\r\n", Kind::length, 5,
       Repair::equal_lengths},
      {"a blank before the colon", "HTTP/1.1 200 OK\r\nServer : x\r\nContent-Length: 5\r\n\r\n", Kind::length, 5,
       Repair::blank_before_colon},
      {"blanks before the colon of the length", "HTTP/1.1 200 OK\r\nContent-Length \t: 5\r\n\r\n", Kind::length, 5,
       Repair::blank_before_colon},
      {"bare LF everywhere", "HTTP/1.1 200 OK\nContent-Length: 5\n\n", Kind::length, 5, Repair::bare_lf},
      {"bare LF in one place", "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 5\r\n\r\n", Kind::length, 5, Repair::bare_lf},
      {"bare LF as the empty line", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\n", Kind::length, 5, Repair::bare_lf},
      {"bare LF behind the status", "HTTP/1.1 200\nContent-Length: 5\n\n", Kind::length, 5, Repair::bare_lf},
      {"identity and a length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n",
       Kind::length, 5, Repair::identity_coding},
      {"identity alone", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Identity\r\n\r\n", Kind::until_close, 0,
       Repair::identity_coding},
      {"chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
       Kind::chunked, 0, Repair::chunked_in_1_0},
  };
  ParsedResponse out;
  for (const auto& c : cases) {
    CAPTURE(c.says);
    REQUIRE(parses(c.bytes, "GET", out));
    CHECK(out.body.kind == c.kind);
    CHECK(out.body.length == c.length);
    CHECK(out.repairs.has(c.repair));
    CHECK_FALSE(out.keep_alive);
  }
  const std::string bytes = "HTTP/1.1 200 OK\r\nServer : x\r\n\r\n";
  REQUIRE(parses(bytes, "GET", out));
  CHECK(out.head.fields.get("Server") == "x");
  REQUIRE(parses("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET", out));
  CHECK_FALSE(out.repairs.any());
}

TEST_CASE("an app's Connection is known to name no fields where it says nothing else") {
  ParsedResponse out;
  CHECK(out.may_name_fields);
  REQUIRE(parses("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET", out));
  CHECK_FALSE(out.may_name_fields);
  REQUIRE(parses("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive, x-hop\r\n\r\n", "GET", out));
  CHECK(out.may_name_fields);
  REQUIRE(parses("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", "GET", out));
  CHECK_FALSE(out.may_name_fields);
}

TEST_CASE("how long an app keeps a connection is read where it says so") {
  const struct {
    const char* value;
    std::int64_t seconds;  // -1: nothing
  } cases[] = {
      {"timeout=5", 5},
      {"timeout=5, max=100", 5},
      {"max=100,  Timeout=7", 7},
      {"timeout=0", 0},
      {"max=100", -1},
      {"timeout=", -1},
      {"timeout=-1", -1},
      {"timeout=5s", -1},
      {"300", -1},
      {"timeout = 5", -1},
      {"timeout=99999999999999999999", -1},
  };
  ParsedResponse out;
  for (const auto& c : cases) {
    CAPTURE(c.value);
    REQUIRE(
        parses("HTTP/1.1 200 OK\r\nKeep-Alive: " + std::string(c.value) + "\r\nContent-Length: 0\r\n\r\n", "GET", out));
    CHECK(out.idle_s.value_or(-1) == c.seconds);
  }
}
