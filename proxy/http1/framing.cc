#include "proxy/http1/framing.h"

namespace lp {

std::optional<ParseError> check_request_framing(const FieldSummary& summary, int version_minor) {
  if (summary.transfer_encodings == 0) return std::nullopt;
  if (summary.content_lengths > 0) return ParseError{400, "Content-Length and Transfer-Encoding"};
  if (version_minor == 0) return ParseError{400, "Transfer-Encoding in HTTP/1.0"};
  return std::nullopt;
}

std::optional<ParseError> check_response_framing(FieldSummary& summary, int version_minor) {
  if (summary.says_chunked && summary.content_lengths > 0) {
    return ParseError{502, "Content-Length and Transfer-Encoding"};
  }
  if (summary.says_chunked && version_minor == 0) summary.repairs.add(Repair::chunked_in_1_0);
  return std::nullopt;
}

BodyFraming frame_request(const FieldSummary& summary) {
  if (summary.content_lengths > 0) return {BodyFraming::Kind::length, summary.content_length};
  return {summary.says_chunked ? BodyFraming::Kind::chunked : BodyFraming::Kind::none, 0};
}

std::optional<ParseError> frame_response(const FieldSummary& summary, std::string_view request_method,
                                         ParsedResponse& out) {
  const int status = out.head.status;
  // Where none follows an app that errs may send it nevertheless, and late: it is not read as the next answer.
  const bool announces_body = summary.says_chunked || summary.content_length > 0;
  if (status < 200 || status == 204) {
    if (status < 200 && summary.transfer_encodings > 0) return ParseError{502, "Transfer-Encoding in a 1xx answer"};
    if (announces_body) out.keep_alive = false;
    return std::nullopt;
  }
  if (request_method == "HEAD" || status == 304) {
    // To a GET this answer would end with the connection.
    const bool has_no_end = status != 304 && summary.content_lengths == 0;
    if (announces_body || has_no_end) out.keep_alive = false;
    return std::nullopt;
  }
  if (summary.says_chunked) {
    out.body.kind = BodyFraming::Kind::chunked;
  } else if (summary.content_lengths > 0) {
    out.body = {BodyFraming::Kind::length, summary.content_length};
  } else {
    out.body.kind = BodyFraming::Kind::until_close;
    out.keep_alive = false;
  }
  return std::nullopt;
}

}  // namespace lp
