#pragma once
#include <optional>
#include <string_view>

#include "proxy/http/messages.h"
#include "proxy/http1/fields.h"

// How the body behind a head is framed, and which framing is refused (RFC 9112 6.3). Internal to the codec. Pure.
namespace lp {

// What holds in both directions; `version_minor` is that of the message.
[[nodiscard]] std::optional<ParseError> check_framing(const FieldSummary& summary, int version_minor);

// After check_framing().
[[nodiscard]] BodyFraming frame_request(const FieldSummary& summary);
// In the order of RFC 9112 6.3; `request_method` decides with the status. Sets body and, where the end of the
// connection ends the answer, or might, keep_alive.
[[nodiscard]] std::optional<ParseError> frame_response(const FieldSummary& summary, std::string_view request_method,
                                                       ParsedResponse& out);

}  // namespace lp
