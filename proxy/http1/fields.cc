#include "proxy/http1/fields.h"

#include <algorithm>
#include <limits>

#include "base/encoding.h"
#include "proxy/http/syntax.h"

namespace lp {
namespace {

using Rule = const char*;  // what was broken, null when nothing

// Real clients send one to three; the bound keeps the removal of named fields linear.
constexpr int kMaxConnectionOptions = 32;

bool at_crlf(std::string_view bytes, std::size_t at) {
  return bytes.size() - at >= 2 && bytes[at] == '\r' && bytes[at + 1] == '\n';
}

// field-line = field-name ":" OWS field-value OWS CRLF, nothing looser: whitespace before the colon, obs-fold and bare
// line ends mean something else to the next parser (threats S04, S05, S31).
Rule parse_field_line(std::string_view bytes, std::size_t& at, Field& field) {
  const std::size_t name_start = at;
  while (at < bytes.size() && syntax::is_tchar(bytes[at])) ++at;
  if (at == name_start) return "field line does not begin with a name";
  if (at == bytes.size() || bytes[at] != ':') return "field name is not followed by a colon";
  field.name = bytes.substr(name_start, at - name_start);
  ++at;
  while (at < bytes.size() && syntax::is_ows(bytes[at])) ++at;
  const std::size_t value_start = at;
  at = syntax::skip_text(bytes, at, bytes.size());
  while (at < bytes.size() && bytes[at] == '\t') at = syntax::skip_text(bytes, at + 1, bytes.size());
  if (!at_crlf(bytes, at)) return "control byte in a field value";
  std::size_t value_end = at;
  while (value_end > value_start && syntax::is_ows(bytes[value_end - 1])) --value_end;
  field.value = bytes.substr(value_start, value_end - value_start);
  at += 2;
  return nullptr;
}

Rule note_content_length(std::string_view value, FieldSummary& summary) {
  if (++summary.content_lengths > 1) return "two Content-Length fields";
  if (value.empty() || value.size() > 19) return "Content-Length is not a number that fits";
  std::uint64_t length = 0;
  for (const char c : value) {
    if (!syntax::is_digit(c)) return "Content-Length is not a number that fits";
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (length > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return "Content-Length is not a number that fits";
  }
  summary.content_length = length;
  return nullptr;
}

// RFC 9112 6.1 allows lists of codings; nobody sends them but attackers, and we could not take "gzip" off.
Rule note_transfer_encoding(std::string_view value, FieldSummary& summary) {
  if (++summary.transfer_encodings > 1) return "two Transfer-Encoding fields";
  return iequals(value, "chunked") ? nullptr : "Transfer-Encoding is not exactly chunked";
}

Rule note_connection(std::string_view value, FieldSummary& summary) {
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view option = trim_ows(value.substr(0, comma));
    value.remove_prefix(std::min(comma + 1, value.size()));
    if (option.empty()) continue;
    if (++summary.connection_options > kMaxConnectionOptions) return "too many Connection options";
    if (iequals(option, "keep-alive")) summary.says_keep_alive = true;
    if (iequals(option, "close")) summary.says_close = true;
    if (iequals(option, "upgrade")) summary.says_upgrade = true;
  }
  return nullptr;
}

Rule note_host(std::string_view value, FieldSummary& summary) {
  summary.host = value;
  return ++summary.hosts > 1 ? "two Host fields" : nullptr;
}

Rule note_upgrade(std::string_view value, FieldSummary& summary) {
  summary.upgrade = value;
  ++summary.upgrades;
  return nullptr;
}

Rule note_expect(std::string_view value, FieldSummary& summary) {
  ++summary.expects;
  if (!iequals(value, "100-continue")) summary.unknown_expectation = true;
  return nullptr;
}

// Lengths tell the known names apart, so that nearly every other field costs one jump.
Rule note_field(const Field& field, FieldSummary& summary) {
  const auto note_if = [&](std::string_view name, Rule (*note)(std::string_view, FieldSummary&)) {
    return iequals(field.name, name) ? note(field.value, summary) : nullptr;
  };
  switch (field.name.size()) {
    case 4:
      return note_if("host", note_host);
    case 6:
      return note_if("expect", note_expect);
    case 7:
      return note_if("upgrade", note_upgrade);
    case 10:
      return note_if("connection", note_connection);
    case 14:
      return note_if("content-length", note_content_length);
    case 17:
      return note_if("transfer-encoding", note_transfer_encoding);
    default:
      return nullptr;
  }
}

}  // namespace

std::optional<ParseError> parse_fields(std::string_view bytes, std::size_t at, const HeadLimits& limits, Fields& fields,
                                       FieldSummary& summary) {
  Field field;
  while (!at_crlf(bytes, at)) {
    if (at >= bytes.size()) return ParseError{400, "head without an empty line"};
    if (fields.size() >= limits.field_count) return ParseError{431, "too many fields"};
    if (const Rule rule = parse_field_line(bytes, at, field)) return ParseError{400, rule};
    if (const Rule rule = note_field(field, summary)) return ParseError{400, rule};
    fields.add(field.name, field.value);
  }
  if (at + 2 != bytes.size()) return ParseError{400, "bytes after the head"};
  return std::nullopt;
}

}  // namespace lp
