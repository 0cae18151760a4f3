#include "proxy/exchange/access_log.h"

#include <algorithm>
#include <limits>

#include "base/log.h"
#include "base/log_format.h"
#include "config/access_log_fields.h"
#include "config/path_pattern.h"
#include "proxy/http/text_appender.h"

namespace lp {

namespace {
void append_text(TextAppender& out, std::string_view key, std::string_view value) {
  if (is_plain_json(value)) return out.add(",\"", key, "\":\"", value, "\"");
  out.add(",\"", key, "\":\"");
  append_json_escaped(out.as_string(), value);
  out.add("\"");
}

template <class Integer>
void append_digits(std::string& out, Integer value) {
  TextAppender(out).add_number(value);
}

template <class Integer>
void append_number(TextAppender& out, std::string_view key, Integer value) {
  out.add(",\"", key, "\":");
  out.add_number(value);
}

constexpr std::uint32_t bit_of(std::string_view name) {
  for (std::size_t i = 0; i < kAccessLogFields.size(); ++i) {
    if (kAccessLogFields[i] == name) return std::uint32_t{1} << i;
  }
  return 0;
}

constexpr std::uint32_t kAll = std::numeric_limits<std::uint32_t>::max();

// With kAll the compiler drops every question whether a field is wanted.
struct AllFields {
  [[nodiscard]] constexpr bool has(std::uint32_t) const { return true; }
};
struct ChosenFields {
  std::uint32_t bits;
  [[nodiscard]] constexpr bool has(std::uint32_t bit) const { return (bits & bit) != 0; }
};

template <class Fields>
void append_numbers(TextAppender& out, const AccessRecord& record, Fields fields) {
  if (fields.has(bit_of("status"))) append_number(out, "status", record.status);
  if (fields.has(bit_of("bytes_in"))) append_number(out, "bytes_in", record.bytes_in);
  if (fields.has(bit_of("bytes_out"))) append_number(out, "bytes_out", record.bytes_out);
  if (fields.has(bit_of("duration_ms"))) append_number(out, "duration_ms", record.duration_ms);
  if (fields.has(bit_of("upstream_ms")) && record.upstream_ms >= 0)
    append_number(out, "upstream_ms", record.upstream_ms);
}

template <class Fields>
void append_object(std::string& to, const AccessRecord& record, Fields fields) {
  to += "{\"time\":\"";
  append_rfc3339_ms(to, record.time_unix_ms);
  TextAppender out(to);
  const auto always = [&](std::string_view key, std::uint32_t bit, std::string_view value) {
    if (fields.has(bit)) append_text(out, key, value);
  };
  const auto if_any = [&](std::string_view key, std::uint32_t bit, std::string_view value) {
    if (fields.has(bit) && !value.empty()) append_text(out, key, value);
  };
  out.add("\"");
  always("id", bit_of("id"), record.id);
  always("client", bit_of("client"), record.client);
  always("method", bit_of("method"), record.method);
  always("host", bit_of("host"), record.host);
  if_any("realm", bit_of("realm"), record.realm);
  always("path", bit_of("path"), record.path);
  always("route", bit_of("route"), record.route);
  always("decision", bit_of("decision"), record.decision);
  if_any("shadow", bit_of("shadow"), record.shadow);
  if_any("shadow_missing", bit_of("shadow_missing"), record.shadow_missing);
  append_numbers(out, record, fields);
  if_any("upstream", bit_of("upstream"), record.upstream);
  if_any("sub", bit_of("sub"), record.sub);
  if_any("protocol", bit_of("protocol"), record.protocol);
  out.add("}");
}

// 12:03:04 200 GET app.test/wiki (pass, route #1 /*, 12 ms, sub u1). Escaped as in JSON: it may go to a terminal.
void append_for_people(std::string& out, const AccessRecord& record, ChosenFields fields) {
  std::string time;
  append_rfc3339_ms(time, record.time_unix_ms);
  out.append(time, 11, 8).push_back(' ');
  append_digits(out, record.status);
  out.push_back(' ');
  append_json_escaped(out, record.method);
  out.push_back(' ');
  append_json_escaped(out, record.host);
  append_json_escaped(out, record.path);
  out.append(" (").append(record.decision);
  const auto note = [&](std::string_view key, std::uint32_t bit, std::string_view value) {
    if (!fields.has(bit) || value.empty()) return;
    out.append(", ").append(key).push_back(' ');
    append_json_escaped(out, value);
  };
  note("realm", bit_of("realm"), record.realm);
  note("route", bit_of("route"), record.route);
  note("shadow", bit_of("shadow"), record.shadow);
  note("upstream", bit_of("upstream"), record.upstream);
  note("sub", bit_of("sub"), record.sub);
  note("client", bit_of("client"), record.client);
  note("protocol", bit_of("protocol"), record.protocol);
  out.append(", ");
  append_digits(out, record.duration_ms);
  out.append(" ms)");
}

constexpr int kFirstRefusal = 400;

}  // namespace

void append_access_line(std::string& out, const AccessRecord& record) { append_object(out, record, AllFields{}); }

bool is_left_out(const AccessRecord& record, const AccessLogSettings& settings) {
  if (record.status == 0 || record.status >= kFirstRefusal) return false;
  return std::any_of(settings.exclude.begin(), settings.exclude.end(), [&](const PathPattern& pattern) {
    if (pattern.kind == PathPattern::Kind::exact) return record.path == pattern.text;
    return pattern.kind == PathPattern::Kind::prefix && is_below(record.path, pattern.text);
  });
}

void append_access_line(std::string& out, const AccessRecord& record, const AccessLogSettings& settings) {
  const ChosenFields fields{settings.fields};
  if (settings.format == LogFormat::text) return append_for_people(out, record, fields);
  if (settings.fields == kAll) return append_access_line(out, record);
  append_object(out, record, fields);
}

}  // namespace lp
