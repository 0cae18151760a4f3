#include "proxy/http1/write.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

TEST_CASE("chunk heads are hexadecimal lines") {
  const struct {
    std::size_t bytes;
    const char* text;
  } cases[] = {{0, "0\r\n"}, {1, "1\r\n"}, {15, "f\r\n"}, {16, "10\r\n"}, {500, "1f4\r\n"}, {1 << 20, "100000\r\n"}};
  for (const auto& c : cases) CHECK(lp::ChunkHead(c.bytes).text() == c.text);
  CHECK(lp::ChunkHead(std::numeric_limits<std::size_t>::max()).text() == "ffffffffffffffff\r\n");
}

TEST_CASE("an answer is one complete message") {
  lp::Answer answer;
  answer.status = 404;
  answer.add("Content-Type", "text/plain");
  answer.add("Set-Cookie", "a=1");
  answer.add("Set-Cookie", "b=2");
  answer.body = "nothing here\n";
  const std::time_t now = 784'111'777;  // the example date of RFC 9110 5.6.7
  const std::string head =
      "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\n"
      "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 13\r\n";
  const struct {
    std::string says;
    bool without_body, keep_alive;
    std::string expected;
  } cases[] = {
      {"with body, kept alive", false, true, head + "\r\nnothing here\n"},
      {"HEAD tells the length and sends no body", true, true, head + "\r\n"},
      {"the last one says so", false, false, head + "Connection: close\r\n\r\nnothing here\n"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    std::string out = "before";
    lp::append_answer(out, answer, c.without_body, c.keep_alive, now);
    CHECK(out == "before" + c.expected);
  }
}

TEST_CASE("every status that we make ourselves has a reason phrase") {
  for (const int status : {200, 303, 400, 401, 403, 404, 405, 408, 413, 414, 417, 421, 431, 501, 502, 503, 504, 505}) {
    CAPTURE(status);
    CHECK_FALSE(lp::reason_phrase(status).empty());
  }
  CHECK(lp::reason_phrase(599).empty());
}
