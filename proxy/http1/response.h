#pragma once
#include <optional>
#include <string_view>

#include "proxy/http/messages.h"
#include "proxy/http1/head_limits.h"

// As strict towards apps as request.h towards clients where something has two readings. What has one is taken as it is
// meant and noted in `repairs` (docs/decisions/0042-apps-as-they-are.md). Pure.
namespace lp {

// A complete head as found by HeadScanner; `request_method` is that of the request it answers (RFC 9112 6.3). Fills
// `out` with views into `bytes`. A ParseError is always a 502.
[[nodiscard]] std::optional<ParseError> parse_response_head(std::string_view bytes, std::string_view request_method,
                                                            const HeadLimits& limits, ParsedResponse& out);
// As take_request_head().
[[nodiscard]] std::size_t take_response_head(std::string_view bytes, std::string_view request_method,
                                             const HeadLimits& limits, ParsedResponse& out);

}  // namespace lp
