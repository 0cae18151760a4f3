#pragma once
#include <string>
#include <string_view>

#include "auth/rules/decision.h"
#include "base/http_message.h"
#include "base/url.h"
#include "config/settings.h"
#include "proxy/http/messages.h"

// The rules for connections that become something else than HTTP: WebSockets (RFC 6455 section 4, 10.2) and what a
// route's `upgrades` names besides. Pure.
namespace lp {

inline constexpr std::string_view kWebSocket = "websocket";

// The protocol that this request asks for and its route (null: none matched) lets it have; empty: none. h2c, and
// whatever is not listed, is dropped and the request is an ordinary one (threat S22).
[[nodiscard]] std::string_view upgrade_of(const ParsedRequest& request, const RouteSettings* route);

// A browser lets any page open a WebSocket to us with the user's cookies; only Origin tells whose script it is. The
// external URL that was asked or one of the route's allowed_origins, else it is foreign; so is "null", which any
// sandboxed page sends. Another one of external_urls is another app: its pages act as the user there and nowhere else.
// Where two of them differ in the scheme alone their Host is one, and each opens the other's. None at all, or what no
// browser writes, the Host without a scheme or a URL with a path, is a program's; so is any other protocol, for which
// no script can ask.
[[nodiscard]] UpgradeOrigin origin_of_upgrade(std::string_view upgrade, const Fields& fields, const Settings& settings,
                                              const RouteSettings& route, const Origin& asked);

// Whether the app's answer opens a tunnel for what was asked: 101 that names the same protocol. A WebSocket's app must
// prove besides that it understood this handshake (4.1 item 4): `request` has the key. Docker's API may also say 200,
// in a stream of its own that ends with the connection, so that nothing behind it can be another request.
[[nodiscard]] bool accepts_upgrade(const ParsedResponse& response, std::string_view upgrade, const Fields& request);

// The app must prove that it understood this handshake (4.1 item 4): 101 with our key's Sec-WebSocket-Accept.
[[nodiscard]] bool accepts_websocket(const ResponseHead& response, std::string_view sec_websocket_key);
[[nodiscard]] std::string websocket_accept(std::string_view sec_websocket_key);

// Whether the client's handshake can be accepted at all (4.2.1: a key of 16 bytes, the version, subprotocols that are
// tokens and differ), and what is said then: without a subprotocol where one was offered browsers fail the connection.
// `accept` and `request` must outlive `head`.
[[nodiscard]] bool is_complete_handshake(const Fields& request);
// Whether who would get 401 is let in instead and told by code 4401 (websocket_unauthenticated: close). A script hears
// nothing of a 401 to its handshake; nobody else's script is to hear anything.
[[nodiscard]] bool is_told_by_closing(const RouteSettings& route, std::string_view upgrade, UpgradeOrigin origin,
                                      const Fields& request);
// Over HTTP/2 any 2xx opens the WebSocket that was asked for (RFC 8441 5), also one by which the app meant a page.
[[nodiscard]] bool would_open_websocket(const ParsedRequest& request, int status);
void describe_accepted(const Fields& request, std::string_view accept, ResponseHead& head);

}  // namespace lp
