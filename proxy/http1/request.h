#pragma once
#include <optional>
#include <string_view>

#include "proxy/http/messages.h"
#include "proxy/http1/head_limits.h"

// The strict HTTP/1.1 codec, reading side (RFC 9112). Pure: bytes in, values out. What is ambiguous is refused, never
// repaired: a repaired message means something else to the next parser (request smuggling, threats S).
namespace lp {

// A complete head as found by HeadScanner, with its empty line. Fills `out` with views into `bytes`.
// Also checks what RFC 9112/9110 demand of the whole: exactly one valid Host (none or an empty one
// where the limits say so: `authority` is empty then), framing
// unambiguous, version, method token, target form (origin-form; absolute-form of http/https; "*" and authority-form are
// refused).
[[nodiscard]] std::optional<ParseError> parse_request_head(std::string_view bytes, const HeadLimits& limits,
                                                           ParsedRequest& out);
// The same of a head that `bytes` begin with, in one pass where all of it has come, as it nearly always has: its size,
// or 0. What is wrong then, if it is not just the rest that is missing, HeadScanner and the above say.
[[nodiscard]] std::size_t take_request_head(std::string_view bytes, const HeadLimits& limits, ParsedRequest& out);

}  // namespace lp
