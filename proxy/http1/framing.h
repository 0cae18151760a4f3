#pragma once
#include <optional>
#include <string_view>

#include "proxy/http/messages.h"
#include "proxy/http1/fields.h"

// How the body behind a head is framed, and which framing is refused (RFC 9112 6.3). Internal to the codec. Pure.
namespace lp {

// `version_minor` is that of the message. Of an app Transfer-Encoding: identity says nothing, and chunks are taken in
// HTTP/1.0 too; a length beside chunks is refused of everybody.
[[nodiscard]] std::optional<ParseError> check_request_framing(const FieldSummary& summary, int version_minor);
[[nodiscard]] std::optional<ParseError> check_response_framing(FieldSummary& summary, int version_minor);

// After that.
[[nodiscard]] BodyFraming frame_request(const FieldSummary& summary);
// In the order of RFC 9112 6.3; `request_method` decides with the status. Sets body and, where the end of the
// connection ends the answer, or might, keep_alive.
[[nodiscard]] std::optional<ParseError> frame_response(const FieldSummary& summary, std::string_view request_method,
                                                       ParsedResponse& out);

}  // namespace lp
