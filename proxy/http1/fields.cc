#include "proxy/http1/fields.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/encoding.h"
#include "proxy/http/syntax.h"

namespace lp {
namespace {

using Rule = const char*;  // what was broken, null when nothing

// Real clients send one to three; the bound keeps the removal of named fields linear.
constexpr int kMaxConnectionOptions = 32;

// Passes the blanks between a name and its colon, where the sender is an app (RFC 9112 5.1).
void skip_blanks_of_app(std::string_view bytes, std::size_t& at, Sender sender, Repairs& repairs) {
  if (sender == Sender::client || at == bytes.size() || !syntax::is_ows(bytes[at])) return;
  while (at < bytes.size() && syntax::is_ows(bytes[at])) ++at;
  repairs.add(Repair::blank_before_colon);
}

// field-line = field-name ":" OWS field-value OWS CRLF, of clients nothing looser: whitespace before the colon,
// obs-fold and bare line ends mean something else to the next parser (threats S04, S05, S31).
Rule parse_field_line(std::string_view bytes, std::size_t& at, Sender sender, Field& field, Repairs& repairs) {
  const std::size_t name_start = at;
  while (at < bytes.size() && syntax::is_tchar(bytes[at])) ++at;
  if (at == name_start) return "field line does not begin with a name";
  field.name = bytes.substr(name_start, at - name_start);
  if (at < bytes.size() && bytes[at] != ':') skip_blanks_of_app(bytes, at, sender, repairs);
  if (at == bytes.size() || bytes[at] != ':') return "field name is not followed by a colon";
  ++at;
  while (at < bytes.size() && syntax::is_ows(bytes[at])) ++at;
  const std::size_t value_start = at;
  at = syntax::skip_text(bytes, at, bytes.size());
  while (at < bytes.size() && bytes[at] == '\t') at = syntax::skip_text(bytes, at + 1, bytes.size());
  const std::size_t line_end = line_end_bytes(bytes, at, sender, repairs);
  if (line_end == 0) return "control byte in a field value";
  std::size_t value_end = at;
  while (value_end > value_start && syntax::is_ows(bytes[value_end - 1])) --value_end;
  field.value = bytes.substr(value_start, value_end - value_start);
  at += line_end;
  return nullptr;
}

Rule parse_length(std::string_view value, std::uint64_t& length) {
  length = 0;
  if (value.empty() || value.size() > 19) return "Content-Length is not a number that fits";
  for (const char c : value) {
    if (!syntax::is_digit(c)) return "Content-Length is not a number that fits";
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (length > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return "Content-Length is not a number that fits";
  }
  return nullptr;
}

Rule note_content_length(std::string_view value, Sender, FieldSummary& summary) {
  if (++summary.content_lengths > 1) return "two Content-Length fields";
  return parse_length(value, summary.content_length);
}

// RFC 9110 8.6: the same number again, in a list or in another field, may be taken for that number.
Rule note_lengths_of_app(std::string_view value, Sender, FieldSummary& summary) {
  for (bool more = true; more;) {
    const std::size_t comma = value.find(',');
    more = comma != std::string_view::npos;
    std::uint64_t length = 0;
    if (const Rule rule = parse_length(trim_ows(value.substr(0, comma)), length)) return rule;
    if (more) value.remove_prefix(comma + 1);
    if (++summary.content_lengths > 1) summary.repairs.add(Repair::equal_lengths);
    if (summary.content_lengths > 1 && length != summary.content_length) return "two Content-Lengths that differ";
    summary.content_length = length;
  }
  return nullptr;
}

// RFC 9112 6.1 allows lists of codings; nobody sends them but attackers, and we could not take "gzip" off.
Rule note_transfer_encoding(std::string_view value, Sender sender, FieldSummary& summary) {
  if (++summary.transfer_encodings > 1) return "two Transfer-Encoding fields";
  summary.says_chunked = iequals(value, "chunked");
  if (summary.says_chunked) return nullptr;
  if (sender == Sender::client || !iequals(value, "identity")) return "Transfer-Encoding is not exactly chunked";
  summary.repairs.add(Repair::identity_coding);
  return nullptr;
}

// Not in a standard (RFC 2068 19.7.1.1), but what servers say when they will close. Whatever cannot be read says
// nothing.
Rule note_keep_alive(std::string_view value, Sender, FieldSummary& summary) {
  constexpr std::string_view kTimeout = "timeout=";
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view one = trim_ows(value.substr(0, comma));
    value.remove_prefix(std::min(comma + 1, value.size()));
    if (!iequals(one.substr(0, kTimeout.size()), kTimeout)) continue;
    std::int64_t seconds = 0;
    const char* const end = one.data() + one.size();
    const auto parsed = std::from_chars(one.data() + kTimeout.size(), end, seconds);
    if (parsed.ec == std::errc() && parsed.ptr == end && seconds >= 0 && seconds < 1'000'000) summary.idle_s = seconds;
  }
  return nullptr;
}

Rule note_connection(std::string_view value, Sender, FieldSummary& summary) {
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

Rule note_host(std::string_view value, Sender, FieldSummary& summary) {
  summary.host = value;
  return ++summary.hosts > 1 ? "two Host fields" : nullptr;
}

Rule note_upgrade(std::string_view value, Sender, FieldSummary& summary) {
  summary.upgrade = value;
  ++summary.upgrades;
  return nullptr;
}

Rule note_expect(std::string_view value, Sender, FieldSummary& summary) {
  ++summary.expects;
  if (!iequals(value, "100-continue")) summary.unknown_expectation = true;
  return nullptr;
}

// Lengths tell the known names apart, so that nearly every other field costs one jump.
Rule note_field(const Field& field, Sender sender, FieldSummary& summary) {
  const auto note_if = [&](std::string_view name, Rule (*note)(std::string_view, Sender, FieldSummary&)) {
    return iequals(field.name, name) ? note(field.value, sender, summary) : nullptr;
  };
  switch (field.name.size()) {
    case 4:
      return note_if("host", note_host);
    case 6:
      return note_if("expect", note_expect);
    case 7:
      return note_if("upgrade", note_upgrade);
    case 10:
      if (sender == Sender::app && iequals(field.name, "keep-alive"))
        return note_keep_alive(field.value, sender, summary);
      return note_if("connection", note_connection);
    case 14:
      return note_if("content-length", sender == Sender::app ? note_lengths_of_app : note_content_length);
    case 17:
      return note_if("transfer-encoding", note_transfer_encoding);
    default:
      return nullptr;
  }
}

}  // namespace

std::size_t line_end_bytes(std::string_view bytes, std::size_t at, Sender sender, Repairs& repairs) {
  if (at + 2 <= bytes.size() && bytes[at] == '\r' && bytes[at + 1] == '\n') return 2;
  if (sender == Sender::client || at >= bytes.size() || bytes[at] != '\n') return 0;
  repairs.add(Repair::bare_lf);
  return 1;
}

std::optional<ParseError> parse_fields(std::string_view bytes, std::size_t at, const HeadLimits& limits, Sender sender,
                                       Fields& fields, FieldSummary& summary) {
  Field field;
  std::size_t empty_line = 0;
  while ((empty_line = line_end_bytes(bytes, at, sender, summary.repairs)) == 0) {
    if (at >= bytes.size()) return ParseError{400, "head without an empty line"};
    if (fields.size() >= limits.field_count) return ParseError{431, "too many fields"};
    if (const Rule rule = parse_field_line(bytes, at, sender, field, summary.repairs)) return ParseError{400, rule};
    if (const Rule rule = note_field(field, sender, summary)) return ParseError{400, rule};
    fields.add(field.name, field.value);
  }
  if (at + empty_line != bytes.size()) return ParseError{400, "bytes after the head"};
  return std::nullopt;
}

}  // namespace lp
