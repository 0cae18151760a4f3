#include "proxy/exchange/access_log.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "config/access_log_fields.h"

using lp::AccessRecord;

namespace {
AccessRecord usual() {
  AccessRecord record;
  record.time_unix_ms = 1'795'326'146'123;
  record.id = "0123456789abcdef";
  record.client = "192.0.2.1";
  record.method = "GET";
  record.host = "app.test";
  record.path = "/a";
  record.route = "#1 /*";
  record.decision = "pass";
  record.upstream = "wiki";
  record.sub = "u1";
  record.status = 200;
  record.bytes_in = 100;
  record.bytes_out = 18446744073709551615ULL;
  record.duration_ms = 12;
  record.upstream_ms = 0;
  return record;
}

std::string line(const AccessRecord& record) {
  std::string out;
  lp::append_access_line(out, record);
  return out;
}
}  // namespace

TEST_CASE("the realm is told where there are several") {
  AccessRecord record = usual();
  record.realm = "wiki";
  CHECK(line(record).find(R"("host":"app.test","realm":"wiki","path":)") != std::string::npos);
}

TEST_CASE("a request is one JSON object") {
  CHECK(line(usual()) ==
        R"({"time":"2026-11-22T05:42:26.123Z","id":"0123456789abcdef","client":"192.0.2.1","method":"GET",)"
        R"("host":"app.test","path":"/a","route":"#1 /*","decision":"pass","status":200,"bytes_in":100,)"
        R"("bytes_out":18446744073709551615,"duration_ms":12,"upstream_ms":0,"upstream":"wiki","sub":"u1"})");
}

TEST_CASE("what was not there is left out") {
  AccessRecord record = usual();
  record.upstream = record.sub = {};
  record.upstream_ms = -1;
  const auto parsed = nlohmann::json::parse(line(record), nullptr, false);
  REQUIRE(parsed.is_object());
  for (const char* absent : {"upstream", "sub", "upstream_ms"}) CHECK_FALSE(parsed.contains(absent));
  CHECK(parsed.contains("route"));
}

TEST_CASE("whatever a client sends stays one line and inside its string") {
  for (const std::string& evil :
       {std::string("\",\"status\":200,\"x\":\""), std::string("a\nb\r\nc"), std::string("\0\x1f\x7f", 3),
        std::string("\xff\xc0\xaf"), std::string("\\"), std::string(100'000, 'a')}) {
    AccessRecord record = usual();
    record.method = record.host = record.path = record.client = record.route = record.upstream = record.sub = evil;
    const std::string out = line(record);
    CHECK(out.find_first_of("\r\n") == std::string::npos);
    const auto parsed = nlohmann::json::parse(out, nullptr, false);
    REQUIRE(parsed.is_object());
    CHECK(parsed.size() == 15);
    CHECK(parsed["status"] == 200);
    CHECK(out.size() < 20'000);
  }
}

namespace {
std::string line_as(const lp::AccessLogSettings& settings, const AccessRecord& record = usual()) {
  std::string out;
  lp::append_access_line(out, record, settings);
  return out;
}
}  // namespace

TEST_CASE("only the fields that are wanted, in the order of the line") {
  lp::AccessLogSettings settings;
  settings.format = lp::LogFormat::json;
  CHECK(line_as(settings) == line(usual()));
  settings.fields = 1U << 5 | 1U << 10 | 1U << 16;  // path, status, sub
  CHECK(line_as(settings) == R"({"time":"2026-11-22T05:42:26.123Z","path":"/a","status":200,"sub":"u1"})");
}

TEST_CASE("each field of the table is one of the line") {
  AccessRecord record = usual();
  record.realm = "r";
  record.shadow = "forbidden";
  record.shadow_missing = "role admin";
  record.protocol = "HTTP/2";
  const auto all = nlohmann::json::parse(line(record), nullptr, false);
  CHECK(all.size() == lp::kAccessLogFields.size() + 1);
  for (std::size_t i = 0; i < lp::kAccessLogFields.size(); ++i) {
    lp::AccessLogSettings settings;
    settings.format = lp::LogFormat::json;
    settings.fields = 1U << i;
    CAPTURE(lp::kAccessLogFields[i]);
    const auto parsed = nlohmann::json::parse(line_as(settings, record), nullptr, false);
    CHECK(parsed.size() == 2);
    CHECK(parsed.contains(lp::kAccessLogFields[i]));
  }
}

TEST_CASE("a line for people, in which nothing reaches a terminal as it came") {
  lp::AccessLogSettings settings;
  settings.format = lp::LogFormat::text;
  CHECK(line_as(settings) ==
        "05:42:26 200 GET app.test/a (pass, route #1 /*, upstream wiki, sub u1, client 192.0.2.1, 12 ms)");
  AccessRecord record = usual();
  record.path = "/\x1b[2J\n\xe2\x80\xae";
  CHECK(line_as(settings, record).find_first_of("\x1b\n") == std::string::npos);
}

TEST_CASE("what is left out, and that refusals are not") {
  lp::AccessLogSettings settings;
  using lp::PathPattern;
  settings.exclude = {{PathPattern::Kind::exact, "/healthz"}, {PathPattern::Kind::prefix, "/static"}};
  struct Case {
    const char* path;
    int status;
    bool is_left_out;
  };
  for (const Case& c : {Case{"/healthz", 200, true}, Case{"/healthz/x", 200, false}, Case{"/static", 200, true},
                        Case{"/static/a", 304, true}, Case{"/statics", 200, false}, Case{"/static/a", 400, false},
                        Case{"/static/a", 500, false}, Case{"/static/a", 0, false}, Case{"/other", 200, false}}) {
    AccessRecord record = usual();
    record.path = c.path;
    record.status = c.status;
    CAPTURE(c.path);
    CHECK(lp::is_left_out(record, settings) == c.is_left_out);
  }
}
