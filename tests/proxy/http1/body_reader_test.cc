#include "proxy/http1/body_reader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace {

using lp::BodyFraming;
using lp::BodyReader;
using Kind = BodyFraming::Kind;

// Feeds `wire` in pieces of `step` bytes: "body|outcome of the last call|what was left of the wire".
std::string read(BodyReader& reader, std::string_view wire, std::size_t step) {
  constexpr const char* kOutcomes[] = {"need_more", "data", "end", "bad"};
  std::string body;
  std::size_t known = 0;
  auto outcome = BodyReader::Outcome::need_more;
  while (known < wire.size() && outcome != BodyReader::Outcome::end && outcome != BodyReader::Outcome::bad) {
    known = std::min(known + step, wire.size());
    std::size_t consumed = 0;
    std::string_view data;
    do {
      outcome = reader.next(wire.substr(0, known), consumed, data);
      body += data;
      wire.remove_prefix(consumed);
      known -= consumed;
    } while (outcome == BodyReader::Outcome::data && known > 0);
  }
  return body + "|" + kOutcomes[static_cast<int>(outcome)] + "|" + std::string(wire);
}

struct Row {
  BodyFraming framing;
  std::string_view wire;
  std::string_view expected;
};

TEST_CASE("a body is what its framing says, in whatever pieces it comes") {
  constexpr Row kRows[] = {
      {{Kind::length, 5}, "hello", "hello|end|"},
      {{Kind::length, 5}, "helloGET /", "hello|end|GET /"},
      {{Kind::length, 5}, "hel", "hel|data|"},
      {{Kind::chunked, 0}, "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello|end|"},
      {{Kind::chunked, 0}, "5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\nGET /", "hello|end|GET /"},
      {{Kind::chunked, 0}, "5\r\nhello\r\n", "hello|need_more|"},
      {{Kind::until_close, 0}, "hello", "hello|data|"},
  };
  BodyReader reader;  // of one connection: each body begins anew
  for (const Row& row : kRows) {
    for (std::size_t step = 1; step <= row.wire.size(); ++step) {
      CAPTURE(row.wire);
      CAPTURE(step);
      reader.begin(row.framing);
      CHECK_FALSE(reader.is_over());
      CHECK(read(reader, row.wire, step) == row.expected);
      CHECK(reader.is_over() == (row.expected.find("|end|") != std::string_view::npos));
    }
  }
}

TEST_CASE("what is none is over before it begins") {
  BodyReader reader;
  CHECK(reader.is_over());
  reader.begin({Kind::none, 0});
  CHECK(reader.is_over());
  reader.begin({Kind::length, 0});
  CHECK(reader.is_over());
  CHECK(read(reader, "GET /", 5) == "|end|GET /");
}

TEST_CASE("a length tells how much is to come, the other framings do not") {
  BodyReader reader;
  reader.begin({Kind::length, 5});
  CHECK(read(reader, "he", 2) == "he|data|");
  CHECK(reader.bytes_left() == 3);
  reader.begin({Kind::chunked, 0});
  CHECK(reader.bytes_left() == 0);
}

TEST_CASE("a broken chunked coding is bad, and stays so") {
  BodyReader reader;
  reader.begin({Kind::chunked, 0});
  CHECK(read(reader, "3\r\nhelX", 8) == "hel|bad|X");
  CHECK(read(reader, "\r\n", 2) == "|bad|\r\n");
  CHECK_FALSE(reader.is_over());
}

}  // namespace
