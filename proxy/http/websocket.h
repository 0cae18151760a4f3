#pragma once
#include <string>
#include <string_view>

#include "base/http_message.h"
#include "base/url.h"
#include "config/settings.h"

// The rules for opening a WebSocket (RFC 6455 section 4, 10.2). Pure.
namespace lp {

// A browser lets any page open a WebSocket to us with the user's cookies; only Origin tells whose script it is. The
// external URL that was asked or one of the route's allowed_origins, else no tunnel; a missing Origin or "null" is
// nobody's. Another one of external_urls is another app: its pages act as the user there and nowhere else. Where two of
// them differ in the scheme alone their Host is one, and each opens the other's.
[[nodiscard]] bool is_allowed_origin(const Fields& fields, const Settings& settings, const RouteSettings& route,
                                     const Origin& asked);

// The app must prove that it understood this handshake (4.1 item 4): 101 with our key's Sec-WebSocket-Accept.
[[nodiscard]] bool accepts_websocket(const ResponseHead& response, std::string_view sec_websocket_key);
[[nodiscard]] std::string websocket_accept(std::string_view sec_websocket_key);

}  // namespace lp
