#include "base/redis_reply.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace lp;
using Kind = RedisReply::Kind;

namespace {

RedisReply text(Kind kind, std::string bytes) { return RedisReply::of_text(kind, std::move(bytes)); }
RedisReply number(std::int64_t value) { return RedisReply::of_integer(value); }
RedisReply list(std::vector<RedisReply> elements) { return RedisReply::of_array(std::move(elements)); }

std::string nested(int depth) {
  std::string out;
  for (int i = 0; i < depth; ++i) out += "*1\r\n";
  return out + ":1\r\n";
}

// What the reader makes of `bytes`, fed in parts of `part` bytes: replies, and whether it failed.
struct Reading {
  std::vector<RedisReply> replies;
  std::string error;
};
Reading read_all(std::string_view bytes, std::size_t part, std::size_t limit = kMaxRedisReplyBytes) {
  Reading reading;
  RedisReplyReader reader(limit);
  for (std::size_t at = 0; at < bytes.size(); at += part) {
    reader.feed(bytes.substr(at, part));
    for (;;) {
      auto reply = reader.next();
      if (!reply) {
        reading.error = reply.error().message;
        CHECK_FALSE(reader.next().ok());
        return reading;
      }
      if (!*reply) break;
      reading.replies.push_back(std::move(**reply));
    }
  }
  return reading;
}

}  // namespace

TEST_CASE("replies of each kind, however they are cut") {
  const struct {
    std::string says;
    std::string bytes;
    std::vector<RedisReply> replies;
  } cases[] = {
      {"a status", "+OK\r\n", {text(Kind::status, "OK")}},
      {"an error", "-ERR no\r\n", {text(Kind::error, "ERR no")}},
      {"an integer", ":42\r\n", {number(42)}},
      {"a negative integer", ":-9223372036854775808\r\n", {number(INT64_MIN)}},
      {"a string", "$3\r\na\r\n\r\n", {text(Kind::string, "a\r\n")}},
      {"a string with a NUL", std::string("$1\r\n\0\r\n", 7), {text(Kind::string, std::string(1, '\0'))}},
      {"an empty string", "$0\r\n\r\n", {text(Kind::string, "")}},
      {"nil", "$-1\r\n", {RedisReply()}},
      {"a nil array", "*-1\r\n", {RedisReply()}},
      {"an empty array", "*0\r\n", {list({})}},
      {"an array", "*3\r\n:1\r\n$-1\r\n-ERR x\r\n", {list({number(1), RedisReply(), text(Kind::error, "ERR x")})}},
      {"arrays in arrays",
       "*2\r\n*2\r\n:1\r\n*0\r\n*1\r\n+a\r\n",
       {list({list({number(1), list({})}), list({text(Kind::status, "a")})})}},
      {"several in a row", ":1\r\n:2\r\n+c\r\n", {number(1), number(2), text(Kind::status, "c")}},
      {"an unfinished one", "*2\r\n:1\r\n", {}},
      {"a half string", "$5\r\nab", {}},
  };
  for (const auto& c : cases) {
    for (const std::size_t part : {std::size_t{1}, std::size_t{2}, std::size_t{7}, c.bytes.size()}) {
      CAPTURE(c.says);
      CAPTURE(part);
      const Reading reading = read_all(c.bytes, part);
      CHECK(reading.error.empty());
      CHECK(reading.replies == c.replies);
    }
  }
}

TEST_CASE("what is no reply, or too much of one, is refused") {
  std::string million_empties = "*1000000\r\n";
  for (int i = 0; i < 1'000'000; ++i) million_empties += "*0\r\n";
  const struct {
    std::string says;
    std::string bytes;
    const char* error;
  } cases[] = {
      {"an HTTP server", "HTTP/1.1 400 Bad Request\r\n\r\n", "no reply of Redis"},
      {"RESP3", "%1\r\n+a\r\n:1\r\n", "no reply of Redis"},
      {"a negative length", "$-2\r\n", "no reply of Redis"},
      {"a length that is no number", "$x\r\n", "no reply of Redis"},
      {"a negative count", "*-7\r\n", "no reply of Redis"},
      {"a count beyond int", "*99999999999\r\n", "no reply of Redis"},
      {"an integer that is none", ":1a\r\n", "no reply of Redis"},
      {"nine arrays deep", nested(9), "no reply of Redis"},
      {"a line without end", std::string(1, '+') + std::string(200'000, 'x'), "too large"},
      {"a string over the limit", "$40000000\r\n" + std::string(34 << 20, 'x'), "too large"},
      {"small elements that grow in memory", million_empties, "too large"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    const Reading reading = read_all(c.bytes, 16 * 1024);
    CHECK(reading.replies.empty());
    CHECK(reading.error.find(c.error) != std::string::npos);
  }
}

TEST_CASE("what is announced takes no memory until it comes") {
  CHECK(read_all("*2000000000\r\n:1\r\n", 64).error.empty());
  CHECK(read_all("$1000000000\r\n", 64).error.empty());
}

TEST_CASE("eight arrays deep is read") { CHECK(read_all(nested(7), 3).replies.size() == 1); }

TEST_CASE("the limit is that of one reply, not of the stream") {
  std::string stream;
  for (int i = 0; i < 100; ++i) stream += "$1000\r\n" + std::string(1000, 'x') + "\r\n";
  CHECK(read_all(stream, 1 << 20, 4'000).replies.size() == 100);
  CHECK_FALSE(read_all("*5\r\n" + stream, 1 << 20, 4'000).error.empty());
}

TEST_CASE("accessors of what a reply is not read as nothing") {
  const RedisReply nil;
  CHECK(nil.is_nil());
  CHECK_FALSE(nil.integer());
  CHECK_FALSE(nil.string());
  CHECK(nil.text().empty());
  CHECK(nil[0].is_nil());
  const RedisReply array = list({number(1), text(Kind::string, "b")});
  CHECK(array[0].integer() == 1);
  CHECK(array[1].string() == "b");
  CHECK_FALSE(array[1].integer());
  CHECK(array[2].is_nil());
  CHECK(array[2][3].is_nil());
  CHECK(text(Kind::status, "OK").is_status("OK"));
  CHECK_FALSE(text(Kind::string, "OK").is_status("OK"));
  CHECK_FALSE(text(Kind::status, "OK").string());
}

TEST_CASE("a command keeps every byte") {
  CHECK(redis_command_bytes({"GET", std::string("a\r\n\0b", 5)}) ==
        std::string("*2\r\n$3\r\nGET\r\n$5\r\na\r\n\0b\r\n", 24));
  CHECK(redis_command_bytes({"X", ""}) == "*2\r\n$1\r\nX\r\n$0\r\n\r\n");
}
