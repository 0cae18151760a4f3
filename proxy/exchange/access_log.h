#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "config/settings.h"

// One request as a line of the access log. Pure.
namespace lp {

struct AccessRecord {
  std::int64_t time_unix_ms = 0;
  std::string_view id, client, method, host, realm, path, route, decision, upstream, sub;
  std::string_view protocol;                // empty: HTTP/1
  std::string_view shadow, shadow_missing;  // see Verdict in auth/visit/verdict.h
  int status = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::int64_t duration_ms = 0;
  std::int64_t upstream_ms = -1;  // until the response head; -1: no upstream was asked
};

// A JSON object without newline. The path comes without its query, which may hold what nobody should read in a log.
void append_access_line(std::string& out, const AccessRecord& record);

// Whether the settings leave this line out. A request that was refused is told always: nobody works unseen under a
// path that is left out.
[[nodiscard]] bool is_left_out(const AccessRecord& record, const AccessLogSettings& settings);

// The same line as the settings want it, which must not say `automatic`: only the chosen fields, or for people.
void append_access_line(std::string& out, const AccessRecord& record, const AccessLogSettings& settings);

}  // namespace lp
