#include "proxy/exchange/access_log.h"

#include <array>
#include <charconv>

#include "base/log.h"
#include "base/log_format.h"

namespace lp {

namespace {
void append_text(std::string& out, std::string_view key, std::string_view value) {
  out.append(",\"").append(key).append("\":\"");
  append_json_escaped(out, value);
  out.push_back('"');
}

template <class Integer>
void append_number(std::string& out, std::string_view key, Integer value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(",\"").append(key).append("\":").append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}
}  // namespace

void append_access_line(std::string& out, const AccessRecord& record) {
  out.append("{\"time\":\"");
  append_rfc3339_ms(out, record.time_unix_ms);
  out.push_back('"');
  append_text(out, "id", record.id);
  append_text(out, "client", record.client);
  append_text(out, "method", record.method);
  append_text(out, "host", record.host);
  if (!record.realm.empty()) append_text(out, "realm", record.realm);
  append_text(out, "path", record.path);
  append_text(out, "route", record.route);
  append_text(out, "decision", record.decision);
  if (!record.shadow.empty()) append_text(out, "shadow", record.shadow);
  if (!record.shadow_missing.empty()) append_text(out, "shadow_missing", record.shadow_missing);
  append_number(out, "status", record.status);
  append_number(out, "bytes_in", record.bytes_in);
  append_number(out, "bytes_out", record.bytes_out);
  append_number(out, "duration_ms", record.duration_ms);
  if (record.upstream_ms >= 0) append_number(out, "upstream_ms", record.upstream_ms);
  if (!record.upstream.empty()) append_text(out, "upstream", record.upstream);
  if (!record.sub.empty()) append_text(out, "sub", record.sub);
  out.push_back('}');
}

}  // namespace lp
