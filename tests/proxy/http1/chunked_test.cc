#include "proxy/http1/chunked.h"

#include <doctest/doctest.h>

#include <string>

using lp::ChunkedDecoder;
using Outcome = lp::ChunkedDecoder::Outcome;

namespace {

struct Decoded {
  Outcome outcome = Outcome::need_more;
  std::string body;
  std::size_t consumed = 0;
};

// Feeds the message in pieces of `step` bytes.
Decoded decode(const std::string& message, std::size_t step, bool is_of_app = false) {
  Decoded result;
  ChunkedDecoder decoder(is_of_app);
  while (result.consumed < message.size()) {
    const std::string_view in = std::string_view(message).substr(result.consumed, step);
    std::size_t consumed = 0;
    std::string_view data;
    result.outcome = decoder.next(in, consumed, data);
    result.body += data;
    result.consumed += consumed;
    if (result.outcome == Outcome::bad || result.outcome == Outcome::end) break;
  }
  if (result.outcome == Outcome::data) result.outcome = Outcome::need_more;
  return result;
}

}  // namespace

TEST_CASE("the chunked coding is taken off, and only the coding itself is taken for it") {
  const struct {
    std::string says;
    std::string message;
    Outcome outcome;
    std::string body;
  } cases[] = {
      {"no data", "0\r\n\r\n", Outcome::end, ""},
      {"two chunks", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", Outcome::end, "hello!"},
      {"hex digits in both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", Outcome::end,
       "01234567890123456789"},
      {"leading zeros", "0005\r\nhello\r\n000\r\n\r\n", Outcome::end, "hello"},
      {"an extension with a quoted string", "5;name=value;q=\"a b\"\r\nhello\r\n0\r\n\r\n", Outcome::end, "hello"},
      {"trailers are dropped", "0\r\nX-Forwarded-User: admin\r\nB:\r\n\r\n", Outcome::end, ""},
      {"more is needed after a chunk", "5\r\nhello\r\n", Outcome::need_more, "hello"},
      {"more is needed inside a trailer", "0\r\nA: b", Outcome::need_more, ""},
      {"bare LF after the size", "5\nhello\r\n0\r\n\r\n", Outcome::bad, ""},
      {"bare CR after the size", "5\rXhello", Outcome::bad, ""},
      {"bare LF after data", "5\r\nhello\n0\r\n\r\n", Outcome::bad, "hello"},
      {"bare LF after the last chunk", "0\n\n", Outcome::bad, ""},
      {"bare LF at the end", "0\r\n\n", Outcome::bad, ""},
      {"bare LF in an extension", "5;x\nhello\r\n", Outcome::bad, ""},
      {"NUL in an extension", std::string("5;\0\r\nhello", 10), Outcome::bad, ""},
      {"a 0x prefix", "0x5\r\nhello\r\n", Outcome::bad, ""},
      {"a plus sign", "+5\r\n", Outcome::bad, ""},
      {"a minus sign", "-5\r\n", Outcome::bad, ""},
      {"an underscore", "1_0\r\n", Outcome::bad, ""},
      {"space before the size", " 5\r\n", Outcome::bad, ""},
      {"space behind the size", "5 \r\n", Outcome::bad, ""},
      {"an empty size", "\r\n", Outcome::bad, ""},
      {"an extension without a size", ";x\r\n", Outcome::bad, ""},
      {"2^64-1", "ffffffffffffffff\r\n", Outcome::bad, ""},
      {"2^63", "8000000000000000\r\n", Outcome::bad, ""},
      {"2^64+5", "10000000000000005\r\n", Outcome::bad, ""},
      {"2^63-1 is a size", "7fffffffffffffff\r\n", Outcome::need_more, ""},
      {"2^32+5 is not 5", "100000005\r\nhello\r\n", Outcome::need_more, "hello\r\n"},
      {"endless zeros", std::string(200, '0') + "5\r\n", Outcome::bad, ""},
      {"data longer than announced", "3\r\nhello\r\n", Outcome::bad, "hel"},
      {"data shorter than announced", "8\r\nhello\r\n0\r\n\r\n", Outcome::bad, "hello\r\n0"},
      {"a request line as a trailer", "0\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", Outcome::bad, ""},
      {"a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", Outcome::bad, ""},
      {"a trailer without a name", "0\r\n: b\r\n\r\n", Outcome::bad, ""},
      {"bare LF in a trailer", "0\r\nA: b\n\r\n", Outcome::bad, ""},
      {"an extension of 64 kB", "5;" + std::string(64 * 1024, 'x') + "\r\n", Outcome::bad, ""},
      {"a trailer of 64 kB", "0\r\nA: " + std::string(64 * 1024, 'x') + "\r\n", Outcome::bad, ""},
  };
  for (const auto& c : cases) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{1} << 20}) {
      CAPTURE(c.says);
      CAPTURE(step);
      const Decoded result = decode(c.message, step);
      CHECK(result.outcome == c.outcome);
      CHECK(result.body == c.body);
      if (c.outcome == Outcome::end) CHECK(result.consumed == c.message.size());
    }
  }
}

TEST_CASE("what follows the last chunk is left for the next message") {
  const std::string message = "1\r\nx\r\n0\r\n\r\n";
  CHECK(decode(message + "GET / HTTP/1.1\r\n", 1 << 20).consumed == message.size());
}

TEST_CASE("extensions are bounded over the whole message") {
  std::string message;
  for (int i = 0; i < 200; ++i) message += "1;" + std::string(100, 'x') + "\r\ny\r\n";
  CHECK(decode(message, 1 << 20).outcome == Outcome::bad);
}

TEST_CASE("a decoder stays failed until it is reset") {
  ChunkedDecoder decoder;
  std::size_t consumed = 0;
  std::string_view data;
  CHECK(decoder.next("x", consumed, data) == Outcome::bad);
  CHECK(decoder.next("0\r\n\r\n", consumed, data) == Outcome::bad);
  decoder.reset();
  CHECK(decoder.next("0\r\n\r\n", consumed, data) == Outcome::end);
}

TEST_CASE("a bare LF ends an app's lines, and a client's never") {
  const struct {
    std::string says;
    std::string message;
    Outcome outcome;
  } cases[] = {
      {"all lines", "5\nhello\n0\n\n", Outcome::end},
      {"that of a size", "5\nhello\r\n0\r\n\r\n", Outcome::end},
      {"behind the data", "5\r\nhello\n0\r\n\r\n", Outcome::end},
      {"behind an extension", "5;a=b\nhello\r\n0\r\n\r\n", Outcome::end},
      {"that of a trailer", "0\r\nA: b\n\r\n", Outcome::end},
      {"the last", "0\r\n\n", Outcome::end},
      {"two behind the data", "5\nhello\n\n0\n\n", Outcome::bad},
      {"in a trailer's name", "0\nA\nB: c\n\n", Outcome::bad},
      {"before a size", "\n5\nhello\n0\n\n", Outcome::bad},
      {"behind a bare CR", "5\r\rhello\n0\n\n", Outcome::bad},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    for (const std::size_t step : {std::size_t{1}, c.message.size()}) {
      CHECK(decode(c.message, step, true).outcome == c.outcome);
      CHECK(decode(c.message, step, false).outcome == Outcome::bad);
    }
  }
}

TEST_CASE("blanks behind a chunk's size are an app's, and only blanks") {
  const struct {
    std::string says;
    std::string message;
    Outcome outcome;
  } cases[] = {
      {"two blanks", "5  \r\nhello\r\n0\r\n\r\n", Outcome::end},
      {"a tab", "5\t\r\nhello\r\n0\r\n\r\n", Outcome::end},
      {"behind the last chunk's", "5\r\nhello\r\n0 \r\n\r\n", Outcome::end},
      {"before an extension", "5 ;a=b\r\nhello\r\n0\r\n\r\n", Outcome::end},
      {"before the size", " 5\r\nhello\r\n0\r\n\r\n", Outcome::bad},
      {"between digits", "5 5\r\nhello\r\n0\r\n\r\n", Outcome::bad},
      {"a bare LF behind them", "5 \nhello\r\n0\r\n\r\n", Outcome::end},
      {"a bare CR behind them", "5 \rhello\r\n0\r\n\r\n", Outcome::bad},
      {"endless ones", "5" + std::string(20'000, ' ') + "\r\nhello\r\n0\r\n\r\n", Outcome::bad},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    for (const std::size_t step : {std::size_t{1}, c.message.size()}) {
      CHECK(decode(c.message, step, true).outcome == c.outcome);
      CHECK(decode(c.message, step, false).outcome == Outcome::bad);
    }
  }
  ChunkedDecoder decoder(true);
  std::size_t consumed = 0;
  std::string_view data;
  (void)decoder.next("5\r\n", consumed, data);
  CHECK_FALSE(decoder.took_blanks());
  decoder.reset();
  (void)decoder.next("5 \r\n", consumed, data);
  CHECK(decoder.took_blanks());
  decoder.reset();
  CHECK_FALSE(decoder.took_blanks());
}

TEST_CASE("trailers are kept, whatever pieces they come in") {
  const std::string message = "2\r\nok\r\n0\r\nX-Sum:  7 \r\nx-empty:\r\nX-Sum: 8\r\n\r\n";
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, message.size()}) {
    CAPTURE(step);
    ChunkedDecoder decoder;
    std::string_view rest = message;
    auto outcome = Outcome::need_more;
    while (!rest.empty() && outcome != Outcome::end && outcome != Outcome::bad) {
      std::size_t consumed = 0;
      std::string_view data;
      outcome = decoder.next(rest.substr(0, step), consumed, data);
      rest.remove_prefix(consumed);
    }
    REQUIRE(outcome == Outcome::end);
    const lp::Fields trailers = decoder.trailers();
    REQUIRE(trailers.size() == 3);
    CHECK(trailers.all()[0].name == "X-Sum");
    CHECK(trailers.all()[0].value == "7");
    CHECK(trailers.all()[1].value.empty());
    CHECK(trailers.all()[2].value == "8");
    decoder.reset();
    CHECK(decoder.trailers().size() == 0);
  }
}

TEST_CASE("an app's trailers may end in a bare LF, a client's not") {
  const std::string_view message = "0\nX-Sum: 7\n\n";
  ChunkedDecoder of_app(true);
  ChunkedDecoder of_client;
  std::size_t consumed = 0;
  std::string_view data;
  CHECK(of_app.next(message, consumed, data) == Outcome::end);
  CHECK(of_app.trailers().get("x-sum") == "7");
  CHECK(of_client.next(message, consumed, data) == Outcome::bad);
}
