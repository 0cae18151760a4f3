#include "proxy/exchange/access_log.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

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
