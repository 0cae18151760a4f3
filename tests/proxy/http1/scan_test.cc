#include "proxy/http1/scan.h"

#include <doctest/doctest.h>

#include <string>

using lp::HeadLimits;
using lp::HeadScanner;
using Outcome = lp::HeadScanner::Outcome;

namespace {

struct Case {
  std::string says;
  std::string bytes;
  Outcome outcome;
  HeadScanner::Kind kind = HeadScanner::Kind::request;
};

Outcome scan_bytewise(const std::string& bytes, HeadScanner::Kind kind) {
  HeadScanner scanner(kind);
  for (std::size_t n = 1; n <= bytes.size(); ++n) {
    const Outcome outcome = scanner.scan(std::string_view(bytes).substr(0, n), HeadLimits{});
    if (outcome != Outcome::need_more) return outcome;
  }
  return Outcome::need_more;
}

}  // namespace

TEST_CASE("the head scanner tells complete, unfinished and impossible heads apart, at once or byte by byte") {
  const Case cases[] = {
      {"a whole head", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", Outcome::complete},
      {"a head without fields", "GET / HTTP/1.1\r\n\r\n", Outcome::complete},
      {"a head without its empty line", "GET / HTTP/1.1\r\nHost: a\r\n", Outcome::need_more},
      {"half of the last line end", "GET / HTTP/1.1\r\nHost: a\r\n\r", Outcome::need_more},
      {"a tab inside a value", "GET / HTTP/1.1\r\nA: b\tc\r\n\r\n", Outcome::complete},
      {"obs-text inside a value", "GET / HTTP/1.1\r\nA: \xff\x80\r\n\r\n", Outcome::complete},
      {"bare LF after the request line", "GET / HTTP/1.1\nHo", Outcome::bad},
      {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n", Outcome::bad},
      {"bare CR", "GET / HTTP/1.1\rH", Outcome::bad},
      {"two CR", "GET / HTTP/1.1\r\r", Outcome::bad},
      {"the empty line with a bare LF", "GET / HTTP/1.1\r\nHost: a\r\n\n", Outcome::bad},
      {"NUL in a value", std::string("GET / HTTP/1.1\r\nA: b\0", 21), Outcome::bad},
      {"DEL in a value", "GET / HTTP/1.1\r\nA: \x7f", Outcome::bad},
      {"vertical tab in a value", "GET / HTTP/1.1\r\nA: \x0b", Outcome::bad},
      {"a tab in the request line", "GET\t", Outcome::bad},
      {"a folded line", "GET / HTTP/1.1\r\nA: b\r\n ", Outcome::bad},
      {"a folded line with a tab", "GET / HTTP/1.1\r\nA: b\r\n\t", Outcome::bad},
      {"space before the first field", "GET / HTTP/1.1\r\n ", Outcome::bad},
      {"a field without a name", "GET / HTTP/1.1\r\n:", Outcome::bad},
      {"a non-ASCII first byte of a name", "GET / HTTP/1.1\r\n\xc3", Outcome::bad},
      {"CRLF before the request line", "\r\nGET", Outcome::bad},
      {"a lone CR as the first byte", "\r", Outcome::bad},
      {"space before the method", " GET", Outcome::bad},
      {"the first byte of a TLS hello", "\x16", Outcome::bad},
      {"a status line with a tab in its reason", "HTTP/1.1 200 a\tb\r\n\r\n", Outcome::complete,
       HeadScanner::Kind::response},
      {"a response with bare LF", "HTTP/1.1 200 OK\nA: b\n\n", Outcome::complete, HeadScanner::Kind::response},
      {"a response with line ends of both kinds", "HTTP/1.1 200 OK\r\nA: b\nB: c\r\n\n", Outcome::complete,
       HeadScanner::Kind::response},
      {"a response that ends in LF CR LF", "HTTP/1.1 200 OK\n\r\n", Outcome::complete, HeadScanner::Kind::response},
      {"a response with a bare CR", "HTTP/1.1 200 OK\rA: b", Outcome::bad, HeadScanner::Kind::response},
      {"a response with a folded line behind LF", "HTTP/1.1 200 OK\nA: b\n c", Outcome::bad,
       HeadScanner::Kind::response},
      {"a response that begins with LF", "\nHTTP/1.1 200 OK", Outcome::bad, HeadScanner::Kind::response},
  };
  for (const Case& c : cases) {
    CAPTURE(c.says);
    HeadScanner at_once(c.kind);
    CHECK(at_once.scan(c.bytes, HeadLimits{}) == c.outcome);
    CHECK(scan_bytewise(c.bytes, c.kind) == c.outcome);
  }
}

TEST_CASE("the scanner finds the end of the head, not of what follows") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  HeadScanner scanner;
  CHECK(scanner.scan(head + "GET /next HTTP/1.1\r\n\r\n", HeadLimits{}) == Outcome::complete);
  CHECK(scanner.head_bytes() == head.size());
  scanner.reset();
  CHECK(scanner.scan("GET", HeadLimits{}) == Outcome::need_more);
}

TEST_CASE("the scanner stops at its limits and says which one it was") {
  const HeadLimits limits{1000, 5, 100};
  HeadScanner scanner;
  SUBCASE("a request line that is too long is 414 before it ends") {
    CHECK(scanner.scan("GET /" + std::string(200, 'a'), limits) == Outcome::too_large);
    CHECK(scanner.status_if_too_large() == 414);
  }
  SUBCASE("a field that never ends is 431") {
    CHECK(scanner.scan("GET / HTTP/1.1\r\nA: " + std::string(2000, 'a'), limits) == Outcome::too_large);
    CHECK(scanner.status_if_too_large() == 431);
  }
  SUBCASE("too many fields are 431") {
    std::string head = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 6; ++i) head += "A: b\r\n";
    CHECK(scanner.scan(head, limits) == Outcome::too_large);
    CHECK(scanner.status_if_too_large() == 431);
  }
  SUBCASE("as many fields as allowed pass") {
    std::string head = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 5; ++i) head += "A: b\r\n";
    CHECK(scanner.scan(head + "\r\n", limits) == Outcome::complete);
  }
  SUBCASE("a head of exactly the limit passes, whatever follows") {
    std::string head = "GET / HTTP/1.1\r\nA: ";
    head += std::string(1000 - head.size() - 4, 'a') + "\r\n\r\n";
    CHECK(scanner.scan(head + "more", limits) == Outcome::complete);
  }
}
