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

// How long the line end at `at` is; 0: there is none. What an app may break and a client may not costs a client's
// fields nothing: the sender is known when this is compiled.
template <Sender sender>
std::size_t line_end_at(std::string_view bytes, std::size_t at, Repairs& repairs) {
  if (bytes.size() - at >= 2 && bytes[at] == '\r' && bytes[at + 1] == '\n') return 2;
  if constexpr (sender != Sender::client) {
    if (at < bytes.size() && bytes[at] == '\n') {
      repairs.add(Repair::bare_lf);
      return 1;
    }
  }
  return 0;
}

// Behind a name: the blanks before the colon, which RFC 9112 5.1 tells a proxy to remove.
void skip_blanks(std::string_view bytes, std::size_t& at, Repairs& repairs) {
  if (at == bytes.size() || !syntax::is_ows(bytes[at])) return;
  while (at < bytes.size() && syntax::is_ows(bytes[at])) ++at;
  repairs.add(Repair::blank_before_colon);
}

// field-line = field-name ":" OWS field-value OWS CRLF, of clients nothing looser: whitespace before the colon,
// obs-fold and bare line ends mean something else to the next parser (threats S04, S05, S31).
template <Sender sender>
Rule parse_field_line(std::string_view bytes, std::size_t& at, Field& field, Repairs& repairs) {
  const std::size_t name_start = at;
  at = syntax::skip_token(bytes, at);
  if (at == name_start) return "field line does not begin with a name";
  const std::size_t name_end = at;
  if constexpr (sender == Sender::app) skip_blanks(bytes, at, repairs);
  if (at == bytes.size() || bytes[at] != ':') return "field name is not followed by a colon";
  field.name = bytes.substr(name_start, name_end - name_start);
  ++at;
  while (at < bytes.size() && syntax::is_ows(bytes[at])) ++at;
  const std::size_t value_start = at;
  at = syntax::skip_text(bytes, at, bytes.size());
  while (at < bytes.size() && bytes[at] == '\t') at = syntax::skip_text(bytes, at + 1, bytes.size());
  const std::size_t line_end = line_end_at<sender>(bytes, at, repairs);
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

Rule note_content_length(std::string_view value, FieldSummary& summary) {
  if (++summary.content_lengths > 1) return "two Content-Length fields";
  return parse_length(value, summary.content_length);
}

// RFC 9110 8.6: the same number again, in a list or in another field, may be taken for that number.
Rule note_lengths_of_app(std::string_view value, FieldSummary& summary) {
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
Rule note_transfer_encoding(std::string_view value, FieldSummary& summary) {
  if (++summary.transfer_encodings > 1) return "two Transfer-Encoding fields";
  summary.says_chunked = iequals(value, "chunked");
  return summary.says_chunked ? nullptr : "Transfer-Encoding is not exactly chunked";
}

Rule note_coding_of_app(std::string_view value, FieldSummary& summary) {
  if (!iequals(value, "identity")) return note_transfer_encoding(value, summary);
  if (++summary.transfer_encodings > 1) return "two Transfer-Encoding fields";
  summary.repairs.add(Repair::identity_coding);
  return nullptr;
}

// Not in a standard (RFC 2068 19.7.1.1), but what servers say when they will close. Whatever cannot be read says
// nothing.
Rule note_keep_alive(std::string_view value, FieldSummary& summary) {
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

Rule note_connection(std::string_view value, FieldSummary& summary) {
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view option = trim_ows(value.substr(0, comma));
    value.remove_prefix(std::min(comma + 1, value.size()));
    if (option.empty()) continue;
    if (++summary.connection_options > kMaxConnectionOptions) return "too many Connection options";
    if (iequals(option, "keep-alive"))
      summary.says_keep_alive = true;
    else if (iequals(option, "close"))
      summary.says_close = true;
    else if (iequals(option, "upgrade"))
      summary.says_upgrade = true;
    else
      summary.names_fields = true;
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

// Lengths tell the known names apart, so that nearly every other field costs one jump. Spelled as they mostly come.
template <Sender sender>
Rule note_field(const Field& field, FieldSummary& summary) {
  constexpr bool kOfApp = sender == Sender::app;
  const auto note_if = [&](std::string_view name, Rule (*note)(std::string_view, FieldSummary&)) {
    return iequals(field.name, name) ? note(field.value, summary) : nullptr;
  };
  switch (field.name.size()) {
    case 4:
      return note_if("Host", note_host);
    case 6:
      return note_if("Expect", note_expect);
    case 7:
      return note_if("Upgrade", note_upgrade);
    case 10:
      if (kOfApp && iequals(field.name, "Keep-Alive")) return note_keep_alive(field.value, summary);
      return note_if("Connection", note_connection);
    case 14:
      return note_if("Content-Length", kOfApp ? note_lengths_of_app : note_content_length);
    case 17:
      return note_if("Transfer-Encoding", kOfApp ? note_coding_of_app : note_transfer_encoding);
    default:
      return nullptr;
  }
}

// Nothing there ends a line: the usual answer, for one comparison.
bool goes_on_behind_line_ends(std::string_view bytes, std::size_t at) { return at < bytes.size() && bytes[at] > '\r'; }

template <Sender sender>
std::optional<ParseError> parse_fields_of(std::string_view bytes, std::size_t& at, const HeadLimits& limits,
                                          Fields& fields, FieldSummary& summary) {
  Field field;
  std::size_t empty_line = 0;
  while (goes_on_behind_line_ends(bytes, at) || (empty_line = line_end_at<sender>(bytes, at, summary.repairs)) == 0) {
    if (at >= bytes.size()) return ParseError{400, "head without an empty line"};
    if (fields.size() >= limits.field_count)
      return ParseError{431, sender == Sender::app ? "too many fields" : "too many fields (limits.header_count)"};
    if (const Rule rule = parse_field_line<sender>(bytes, at, field, summary.repairs)) return ParseError{400, rule};
    if (const Rule rule = note_field<sender>(field, summary)) return ParseError{400, rule};
    fields.add(field.name, field.value);
  }
  at += empty_line;
  return std::nullopt;
}

}  // namespace

std::size_t line_end_of_app(std::string_view bytes, std::size_t at, Repairs& repairs) {
  return line_end_at<Sender::app>(bytes, at, repairs);
}

std::optional<ParseError> check_end(std::string_view bytes, std::size_t end) {
  if (end != bytes.size()) return ParseError{400, "bytes after the head"};
  return std::nullopt;
}

std::optional<ParseError> parse_fields(std::string_view bytes, std::size_t& at, const HeadLimits& limits, Sender sender,
                                       Fields& fields, FieldSummary& summary) {
  switch (sender) {
    case Sender::client:
      return parse_fields_of<Sender::client>(bytes, at, limits, fields, summary);
    case Sender::probe:
      return parse_fields_of<Sender::probe>(bytes, at, limits, fields, summary);
    case Sender::app:
      break;
  }
  return parse_fields_of<Sender::app>(bytes, at, limits, fields, summary);
}

}  // namespace lp
