#pragma once
#include <cstdint>
#include <string>
#include <string_view>

// One request as a line of the access log. Pure.
namespace lp {

struct AccessRecord {
  std::int64_t time_unix_ms = 0;
  std::string_view id, client, method, host, realm, path, route, decision, upstream, sub;
  std::string_view shadow, shadow_missing;  // see Verdict in auth/visit/verdict.h
  int status = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::int64_t duration_ms = 0;
  std::int64_t upstream_ms = -1;  // until the response head; -1: no upstream was asked
};

// A JSON object without newline. The path comes without its query, which may hold what nobody should read in a log.
void append_access_line(std::string& out, const AccessRecord& record);

}  // namespace lp
