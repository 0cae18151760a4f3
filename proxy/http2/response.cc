#include "proxy/http2/response.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/encoding.h"
#include "base/one_of.h"
#include "proxy/http/syntax.h"

namespace lp {
namespace {

using Rule = const char*;  // what was broken, null when nothing

// Those of an app's head in HTTP/1.1.
constexpr std::size_t kMostBytes = 256 * 1024;
constexpr std::size_t kMostFields = 1000;

bool is_name(std::string_view name) {
  const auto is_lower = [](char c) { return syntax::is_tchar(c) && !(c >= 'A' && c <= 'Z'); };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_lower);
}

bool is_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return syntax::is_text(c) || c == '\t'; });
}

// A field like any other. Blanks around its value mean nothing (RFC 9113 8.2.1 forbids them; apps that send them mean
// what HTTP/1.1 takes them for).
Rule check_field(Field& field) {
  if (field.name.starts_with(':')) return "a pseudo-header field where none may be";
  if (!is_name(field.name)) return "a field name with a byte that none can hold";
  if (!is_value(field.value)) return "control byte in a field value";
  field.value = trim_ows(field.value);
  const bool is_of_connection =
      is_one_of(field.name, {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"});
  return is_of_connection ? "a field that speaks of the connection" : nullptr;
}

Rule read_status(const std::vector<Field>& fields, int& status) {
  if (fields.empty() || fields.front().name != ":status") return "no :status";
  const std::string_view text = fields.front().value;
  if (text.size() != 3 || !std::all_of(text.begin(), text.end(), syntax::is_digit)) return "malformed :status";
  std::from_chars(text.data(), text.data() + text.size(), status);
  if (status < 100) return "status code below 100";
  return status == 101 ? "101, which HTTP/2 has not" : nullptr;
}

Rule read_length(const Fields& fields, std::optional<std::uint64_t>& length) {
  const std::size_t count = fields.count("content-length");
  if (count == 0) return nullptr;
  if (count > 1) return "two Content-Length fields";
  const std::string_view text = fields.get("content-length");
  const bool is_number = !text.empty() && text.size() <= 19 && std::all_of(text.begin(), text.end(), syntax::is_digit);
  std::uint64_t value = 0;
  if (is_number) std::from_chars(text.data(), text.data() + text.size(), value);
  const bool fits = is_number && value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!fits) return "Content-Length is not a number that fits";
  length = value;
  return nullptr;
}

Rule frame_body(bool ends, std::string_view request_method, ParsedResponse& out) {
  std::optional<std::uint64_t> length;
  if (const Rule rule = read_length(out.head.fields, length)) return rule;
  const int status = out.head.status;
  if (request_method == "HEAD" || status < 200 || status == 204 || status == 304) return nullptr;
  if (ends && length.value_or(0) > 0) return "less of a body than Content-Length says";
  if (ends || length)
    out.body = {BodyFraming::Kind::length, length.value_or(0)};
  else
    out.body.kind = BodyFraming::Kind::chunked;
  return nullptr;
}

std::optional<ParseError> as_error(Rule rule) {
  if (rule == nullptr) return std::nullopt;
  return ParseError{502, rule};
}

Rule read_head(const std::vector<Field>& fields, bool ends, std::string_view request_method, ParsedResponse& out) {
  if (const Rule rule = read_status(fields, out.head.status)) return rule;
  for (std::size_t i = 1; i < fields.size(); ++i) {
    Field field = fields[i];
    if (const Rule rule = check_field(field)) return rule;
    out.head.fields.add(field.name, field.value);
  }
  if (ends && out.head.status < 200) return "an interim answer at the end of its stream";
  return frame_body(ends, request_method, out);
}

}  // namespace

void ReceivedFields::clear() {
  text_.clear();
  spans_.clear();
}

bool ReceivedFields::add(std::string_view name, std::string_view value) {
  if (spans_.size() >= kMostFields || text_.size() + name.size() + value.size() > kMostBytes) return false;
  text_.append(name).append(value);
  spans_.push_back({name.size(), value.size()});
  return true;
}

std::vector<Field> ReceivedFields::all() const {
  std::vector<Field> fields;
  fields.reserve(spans_.size());
  std::string_view rest = text_;
  for (const Span& span : spans_) {
    fields.push_back({rest.substr(0, span.name_bytes), rest.substr(span.name_bytes, span.value_bytes)});
    rest.remove_prefix(span.name_bytes + span.value_bytes);
  }
  return fields;
}

std::optional<ParseError> response_of_h2_fields(const std::vector<Field>& fields, bool ends,
                                                std::string_view request_method, ParsedResponse& out) {
  out.clear();
  return as_error(read_head(fields, ends, request_method, out));
}

std::optional<ParseError> trailers_of_h2_fields(const std::vector<Field>& fields, Fields& out) {
  out.clear();
  for (Field field : fields) {
    if (const Rule rule = check_field(field)) return as_error(rule);
    out.add(field.name, field.value);
  }
  return std::nullopt;
}

}  // namespace lp
