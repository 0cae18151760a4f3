#pragma once
#include <string>
#include <string_view>

#include "base/http_message.h"
#include "config/settings.h"

// The rules for opening a WebSocket (RFC 6455 section 4, 10.2). Pure.
namespace lp {

// A browser lets any page open a WebSocket to us with the user's cookies; only Origin tells whose script it is. Ours
// or a configured one, else no tunnel; a missing Origin or "null" is nobody's.
[[nodiscard]] bool is_allowed_origin(const Fields& fields, const Settings& settings, const RouteSettings& route);

// The app must prove that it understood this handshake (4.1 item 4): 101 with our key's Sec-WebSocket-Accept.
[[nodiscard]] bool accepts_websocket(const ResponseHead& response, std::string_view sec_websocket_key);
[[nodiscard]] std::string websocket_accept(std::string_view sec_websocket_key);

}  // namespace lp
