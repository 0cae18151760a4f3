#include "proxy/http1/response.h"

#include <utility>

#include "proxy/http/syntax.h"
#include "proxy/http1/fields.h"
#include "proxy/http1/framing.h"

namespace lp {
namespace {

using MaybeError = std::optional<ParseError>;

// status-line = HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112 4). The one looseness: without a reason
// the second space may be missing, as widespread servers have it; nothing can be smuggled there.
MaybeError parse_status_line(std::string_view bytes, ResponseHead& head, std::size_t& at, Repairs& repairs) {
  const auto digit = [&](std::size_t i) { return syntax::is_digit(bytes[i]); };
  const bool well_formed = bytes.size() >= 13 && bytes.starts_with("HTTP/1.") && (bytes[7] == '0' || bytes[7] == '1') &&
                           bytes[8] == ' ' && digit(9) && digit(10) && digit(11);
  if (!well_formed) return ParseError{502, "malformed status line"};
  head.version_minor = bytes[7] - '0';
  head.status = (bytes[9] - '0') * 100 + (bytes[10] - '0') * 10 + (bytes[11] - '0');
  if (head.status < 100) return ParseError{502, "status code below 100"};
  at = 12;
  if (bytes[at] == ' ')
    ++at;
  else if (bytes[at] != '\r' && bytes[at] != '\n')
    return ParseError{502, "malformed status line"};
  const std::size_t reason_start = at;
  at = syntax::skip_text(bytes, at, bytes.size());
  while (at < bytes.size() && bytes[at] == '\t') at = syntax::skip_text(bytes, at + 1, bytes.size());
  const std::size_t line_end = line_end_of_app(bytes, at, repairs);
  if (line_end == 0) return ParseError{502, "control byte in the status line"};
  head.reason = bytes.substr(reason_start, at - reason_start);
  at += line_end;
  return std::nullopt;
}

MaybeError as_bad_gateway(MaybeError error) {
  if (error) error->status = 502;
  return error;
}

// The head that `bytes` begin with; `at` is set behind it.
MaybeError parse_front(std::string_view bytes, std::string_view request_method, const HeadLimits& limits,
                       ParsedResponse& out, std::size_t& at) {
  out.clear();
  FieldSummary summary;
  if (const auto error = parse_status_line(bytes, out.head, at, summary.repairs)) return error;
  if (const auto error = parse_fields(bytes, at, limits, Sender::app, out.head.fields, summary)) {
    return as_bad_gateway(error);
  }
  if (const auto error = check_response_framing(summary, out.head.version_minor)) return error;
  out.repairs = summary.repairs;
  out.idle_s = summary.idle_s;
  out.may_name_fields = summary.names_fields;
  const bool stays = !summary.says_close && (out.head.version_minor > 0 || summary.says_keep_alive);
  out.keep_alive = stays && !out.repairs.any();
  return frame_response(summary, request_method, out);
}

}  // namespace

std::optional<ParseError> parse_response_head(std::string_view bytes, std::string_view request_method,
                                              const HeadLimits& limits, ParsedResponse& out) {
  std::size_t end = 0;
  if (const auto error = parse_front(bytes, request_method, limits, out, end)) return error;
  return as_bad_gateway(check_end(bytes, end));
}

std::size_t take_response_head(std::string_view bytes, std::string_view request_method, const HeadLimits& limits,
                               ParsedResponse& out) {
  std::size_t end = 0;
  return parse_front(bytes.substr(0, limits.head_bytes), request_method, limits, out, end) ? 0 : end;
}

}  // namespace lp
