#include "base/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log_format.h"

using namespace std::string_literals;
using lp::Log;
using lp::LogLevel;

namespace {

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

struct Pipe {
  int read_fd = -1;
  int write_fd = -1;
  explicit Pipe(bool socket = false) {
    std::array<int, 2> fds{};
    REQUIRE((socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()) : pipe(fds.data())) == 0);
    read_fd = fds[0];
    write_fd = fds[1];
    const int small = 4096;  // so that it fills as soon as a pipe
    if (socket) setsockopt(write_fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_reader() {
    if (read_fd >= 0) close(std::exchange(read_fd, -1));
  }
  void close_writer() {
    if (write_fd >= 0) close(std::exchange(write_fd, -1));
  }
  // Waits for a byte at most `ms`.
  [[nodiscard]] bool readable_within(int ms) const {
    pollfd p{read_fd, POLLIN, 0};
    return poll(&p, 1, ms) == 1;
  }
  // What comes until `ms` of silence.
  [[nodiscard]] std::string read_until_silence(int ms) const {
    std::string out;
    std::array<char, 65536> buffer{};
    while (readable_within(ms)) {
      const ssize_t n = read(read_fd, buffer.data(), buffer.size());
      if (n <= 0) break;
      out.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return out;
  }
  std::string read_to_end() {
    close_writer();
    return read_until_silence(2000);
  }
};

Log::Options to(const Pipe& access, const Pipe& error) {
  Log::Options options;
  options.access_fd = access.write_fd;
  options.error_fd = error.write_fd;
  return options;
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::string escaped(std::string_view text, std::size_t max_bytes = 2048) {
  std::string out;
  lp::append_json_escaped(out, text, max_bytes);
  return out;
}

std::string rfc3339(std::int64_t unix_ms) {
  std::string out;
  lp::append_rfc3339_ms(out, unix_ms);
  return out;
}

}  // namespace

TEST_CASE("an error line is one JSON object: time, level, message, fields") {
  Pipe access;
  Pipe error;
  {
    Log log(to(access, error));
    const std::string id = "0123456789abcdef";
    log.error("up\"stream\n", {{"id", id}, {"port", 8080}, {"again", true}, {"big", INT64_MIN}, {"quote", "a\"b"}});
    log.info("plain");
    log.write(LogLevel::debug, "below the level");
  }
  const std::string text = error.read_to_end();
  CHECK(count_of(text, "\n") == 2);
  CHECK(text.starts_with("{\"time\":\"20"));
  CHECK(text.find("Z\",\"level\":\"error\",\"msg\":\"up\\\"stream\\n\",\"id\":\"0123456789abcdef\",\"port\":8080,"
                  "\"again\":true,\"big\":-9223372036854775808,\"quote\":\"a\\\"b\"}\n") != std::string::npos);
  CHECK(text.find("\"level\":\"info\",\"msg\":\"plain\"}\n") != std::string::npos);
  CHECK(access.read_to_end().empty());
}

TEST_CASE("an event for people is one line too, escaped, without what says nothing") {
  Pipe access;
  Pipe error;
  {
    Log::Options options = to(access, error);
    options.text = true;
    Log log(options);
    log.error("up\n\x1b[2Jstream", {{"id", std::string_view("a\"b")}, {"none", std::string_view()}, {"port", 8080}});
    log.info("plain");
  }
  const std::string text = error.read_to_end();
  CHECK(text.find(" error: up\\n\\u001b[2Jstream (id a\\\"b, port 8080)\n") == 8);
  CHECK(text.ends_with(" plain\n"));
  CHECK(count_of(text, "\n") == 2);
}

TEST_CASE("error lines are written at once, access lines within a round") {
  const Pipe access;
  const Pipe error;
  Log log(to(access, error));
  CHECK(access.readable_within(150) == false);
  bool at_once = false;
  for (int attempt = 0; attempt < 10 && !at_once; ++attempt) {  // a busy machine may miss some
    const std::int64_t begin_ms = now_ms();
    log.error("now");
    CHECK(error.readable_within(5000));
    at_once = now_ms() - begin_ms < 20;
    CHECK_FALSE(error.read_until_silence(50).empty());
  }
  CHECK(at_once);
  log.access("{}");
  CHECK(access.readable_within(5000));
}

TEST_CASE("after a silence the first access line is written at once, and the next one too") {
  Pipe access;
  Log log({access.write_fd, -1, 4096, LogLevel::error});
  for (const char* line : {"{\"first\":1}", "{\"second\":2}"}) {
    CHECK_FALSE(access.readable_within(500));
    log.access(line);
    CHECK(access.readable_within(10'000));
    CHECK(access.read_until_silence(50) == std::string(line) + "\n");
  }
}

TEST_CASE("lines of several threads stay whole, and all of them are there at the end") {
  for (const bool socket : {false, true}) {
    Pipe access(socket);
    const Pipe error;
    std::string text;
    std::thread reader([&] { text = access.read_until_silence(3000); });
    {
      Log log(to(access, error));
      std::vector<std::thread> threads;
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&log] {
          for (int i = 0; i < 5000; ++i) log.access("{\"path\":\"/some/thing/or/other\"}");
        });
      }
      for (std::thread& thread : threads) thread.join();
      CHECK(log.dropped() == 0);
    }
    access.close_writer();
    reader.join();
    CHECK(count_of(text, "{\"path\":\"/some/thing/or/other\"}\n") == 20000);
    CHECK(text.size() == 20000 * 32);
  }
}

TEST_CASE("a sink that nobody reads stalls neither callers nor the other sink, and the end only for a second") {
  for (const bool socket : {false, true}) {
    const Pipe access(socket);
    const Pipe error;
    Log::Options options = to(access, error);
    options.buffer_bytes = 64 * 1024;
    const std::int64_t begin_ms = now_ms();
    std::int64_t end_of_calls_ms = 0;
    std::uint64_t dropped = 0;
    {
      Log log(options);
      const std::string line(1000, 'x');
      for (int i = 0; i < 5000; ++i) log.access(line);
      end_of_calls_ms = now_ms();
      log.error("still heard");
      const std::string heard = error.read_until_silence(500);
      CHECK(heard.find("still heard") != std::string::npos);
      CHECK(heard.find("\"level\":\"warning\",\"msg\":\"log lines dropped\",\"count\":") != std::string::npos);
      dropped = log.dropped();
    }
    CHECK(end_of_calls_ms - begin_ms < 1000);
    CHECK(now_ms() - end_of_calls_ms < 2500);
    CHECK(dropped > 4000);
  }
}

TEST_CASE("a stuck sink goes on when it is read again: kept lines in order, the dropped ones counted") {
  const Pipe error;
  Log::Options options;
  options.access_fd = -1;
  options.error_fd = error.write_fd;
  options.buffer_bytes = 64 * 1024;
  Log log(options);
  const std::string filler(1500, 'x');
  for (int i = 0; i < 400; ++i) log.info(filler);
  const std::uint64_t dropped = log.dropped();
  CHECK(dropped > 0);
  const std::string text = error.read_until_silence(1500);
  CHECK(count_of(text, filler) == 400 - dropped);
  std::uint64_t reported = 0;
  const std::string_view report = "\"msg\":\"log lines dropped\",\"count\":";
  for (std::size_t at = text.find(report); at != std::string::npos; at = text.find(report, at + 1)) {
    reported += std::stoull(text.substr(at + report.size()));
  }
  CHECK(reported == dropped);
}

TEST_CASE("a pipe that may not be opened anew is written piece by piece") {
  const Pipe access;
  const Pipe error;
  REQUIRE(fchmod(access.write_fd, 0) == 0);  // root opens it all the same
  const std::int64_t begin_ms = now_ms();
  {
    Log log(to(access, error));
    for (int i = 0; i < 1000; ++i) log.access(std::string(1000, 'x'));
  }
  CHECK(now_ms() - begin_ms < 2500);
  CHECK(access.read_until_silence(100).size() >= 8 * 4096);
}

TEST_CASE("a stopped terminal stalls nobody") {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  REQUIRE(grantpt(terminal) == 0);
  REQUIRE(unlockpt(terminal) == 0);
  const int shown = open(ptsname(terminal), O_RDWR | O_NOCTTY);
  REQUIRE(shown >= 0);
  const std::int64_t begin_ms = now_ms();
  {
    Log::Options options;
    options.access_fd = shown;
    options.error_fd = -1;
    Log log(options);
    for (int i = 0; i < 1000; ++i) log.access(std::string(1000, 'x'));
    log.error("nowhere to go");
  }
  CHECK(now_ms() - begin_ms < 2500);
  std::array<char, 4> seen{};
  CHECK(read(terminal, seen.data(), seen.size()) == 4);
  CHECK(std::string(seen.data(), seen.size()) == "xxxx");
  close(shown);
  close(terminal);
}

TEST_CASE("a reader that went away ends nothing") {
  for (const bool socket : {false, true}) {
    Pipe access(socket);
    Pipe error(socket);
    access.close_reader();
    error.close_reader();
    Log log(to(access, error));
    log.access("{}");
    log.error("nobody hears this");
  }
  CHECK(true);
}

TEST_CASE("without access log nothing is kept") {
  const Pipe error;
  Log::Options options;
  options.access_fd = -1;
  options.error_fd = error.write_fd;
  options.buffer_bytes = 1;
  Log log(options);
  CHECK_FALSE(log.access_enabled());
  log.access("{}");
  CHECK(log.dropped() == 0);
}

TEST_CASE("text is escaped for JSON, one line and a terminal (threat O17)") {
  struct Case {
    std::string text;
    const char* inside;
  };
  for (const Case& c : {
           Case{"", ""},
           Case{"plain text of more than eight bytes", "plain text of more than eight bytes"},
           Case{"a\"b\\c", "a\\\"b\\\\c"},
           Case{"01234567\"", "01234567\\\""},
           Case{"\"0123456", "\\\"0123456"},
           Case{"x\r\n\ty", "x\\r\\n\\ty"},
           Case{"\0\x01\x1b[2J\x7f"s, "\\u0000\\u0001\\u001b[2J\\u007f"},
           Case{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
           Case{"a\xff"
                "b\xc3",
                "a\xef\xbf\xbd"
                "b\xef\xbf\xbd"},
           Case{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
           Case{"a\xe2\x80\xa8"
                "b\xe2\x80\xa9"
                "c",
                "a\\u2028b\\u2029c"},
           Case{"\xe2\x80\xae"
                "x\xe2\x81\xa6"
                "y\xe2\x80\xa7",
                "\\u202ex\\u2066y\xe2\x80\xa7"},
           Case{"\xc2\x9b"
                "2J\xc2\xa0",
                "\\u009b2J\xc2\xa0"},
       }) {
    CAPTURE(c.inside);
    CHECK(escaped(c.text) == c.inside);
  }
}

TEST_CASE("every single byte, at every place in a word, is escaped or stands for itself") {
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const bool plain = value >= 0x20 && value < 0x7f && c != '"' && c != '\\';
    for (std::size_t place = 0; place < 17; ++place) {
      std::string text(17, 'a');
      text[place] = c;
      if (plain) {
        CHECK(escaped(text) == text);
      } else {
        CHECK(escaped(text).substr(0, place + 1) == std::string(place, 'a') + (value < 0x80 ? '\\' : '\xef'));
        CHECK(escaped(text).ends_with(std::string(16 - place, 'a')));
      }
    }
  }
}

TEST_CASE("long text is cut, never inside a character") {
  CHECK(escaped(std::string(100'000, 'a')).size() == 2048);
  CHECK(escaped("abcdef", 3) == "abc");
  CHECK(escaped("ab\xc3\xa9", 3) == "ab");
  CHECK(escaped("ab\xc3\xa9", 4) == "ab\xc3\xa9");
  CHECK(escaped("\xf0\x9f\x98\x80z", 3) == "");
  CHECK(escaped("\xf0\x9f\x98\x80z", 4) == "\xf0\x9f\x98\x80");
  CHECK(escaped("abc", 0).empty());
  CHECK(escaped(std::string(3000, '\x80')).size() > 6000);
}

TEST_CASE("times are written in RFC 3339 with milliseconds, in UTC") {
  CHECK(rfc3339(0) == "1970-01-01T00:00:00.000Z");
  CHECK(rfc3339(951'782'400'007) == "2000-02-29T00:00:00.007Z");
  CHECK(rfc3339(951'868'799'999) == "2000-02-29T23:59:59.999Z");
  CHECK(rfc3339(1'795'326'146'123) == "2026-11-22T05:42:26.123Z");
  CHECK(rfc3339(4'107'542'400'000) == "2100-03-01T00:00:00.000Z");
  CHECK(rfc3339(-1) == "1970-01-01T00:00:00.000Z");
  CHECK(rfc3339(INT64_MAX) == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("times agree with the C library day by day for two centuries") {
  for (std::int64_t day = 0; day < 73'000; ++day) {
    const std::time_t seconds = day * 86'400 + 3661;
    tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 32> expected{};
    strftime(expected.data(), expected.size(), "%Y-%m-%dT%H:%M:%S.000Z", &utc);
    REQUIRE(rfc3339(seconds * 1000) == expected.data());
  }
}
