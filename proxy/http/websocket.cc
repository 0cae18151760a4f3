#include "proxy/http/websocket.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "auth/rules/cors.h"
#include "base/check.h"
#include "base/encoding.h"
#include "config/value.h"

namespace lp {

namespace {

bool is_websocket(std::string_view upgrade) { return iequals(upgrade, kWebSocket); }

bool is_allowed_origin(std::string_view origin, const Settings& settings, const RouteSettings& route,
                       const Origin& asked) {
  if (origin == asked.text() || names_origin(route.allowed_origins, origin)) return true;
  const auto& urls = settings.external_urls;
  return std::any_of(urls.begin(), urls.end(),
                     [&](const Origin& url) { return url.authority() == asked.authority() && url.text() == origin; });
}

// What is answered is one of them: it must be one thing to whoever reads the answer.
bool offers_subprotocols_well(const Fields& request) {
  constexpr std::string_view kName = "Sec-WebSocket-Protocol";
  auto offered = list_values(request, kName);
  if (offered.empty()) return request.count(kName) == 0;
  std::sort(offered.begin(), offered.end());
  return std::all_of(offered.begin(), offered.end(), is_token) &&
         std::adjacent_find(offered.begin(), offered.end()) == offered.end();
}

// "http://localhost/", as Go's x/net/websocket wants it: an origin that browsers write ends without a slash. Nor do
// they write that of a WebSocket, for no page comes from there.
bool is_never_of_browser(std::string_view origin) {
  if (iequals(origin.substr(0, 5), "ws://") || iequals(origin.substr(0, 6), "wss://")) return true;
  return parse_url(origin).ok() && origin.find('/', origin.find("://") + 3) != std::string_view::npos;
}

// The Host in place of an origin, without a scheme.
bool is_host_of(std::string_view origin, const Origin& asked) {
  const auto named = parse_authority(origin, asked.is_https() ? 443 : 80);
  return iequals(origin, asked.host) || (named && named->host == asked.host && named->port == asked.port);
}

bool is_docker_stream(const ParsedResponse& response) {
  const std::string_view type = response.head.fields.get("Content-Type");
  return response.head.status == 200 && response.body.kind == BodyFraming::Kind::until_close &&
         (iequals(type, "application/vnd.docker.raw-stream") ||
          iequals(type, "application/vnd.docker.multiplexed-stream"));
}

}  // namespace

std::string_view upgrade_of(const ParsedRequest& request, const RouteSettings* route) {
  if (request.upgrade.empty()) return {};
  if (is_websocket(request.upgrade) && !request.wants_websocket) return {};
  if (route == nullptr) return request.wants_websocket ? request.upgrade : std::string_view();
  const auto& listed = route->upgrades;
  const bool is_listed =
      std::any_of(listed.begin(), listed.end(), [&](const std::string& one) { return iequals(one, request.upgrade); });
  return is_listed ? request.upgrade : std::string_view();
}

UpgradeOrigin origin_of_upgrade(std::string_view upgrade, const Fields& fields, const Settings& settings,
                                const RouteSettings& route, const Origin& asked) {
  const auto count = fields.count("Origin");
  if (count == 0) return is_websocket(upgrade) ? UpgradeOrigin::program : UpgradeOrigin::allowed;
  const std::string_view origin = fields.get("Origin");
  if (count == 1 && is_allowed_origin(origin, settings, route, asked)) return UpgradeOrigin::allowed;
  const bool is_of_program = is_host_of(origin, asked) || is_never_of_browser(origin);
  return count == 1 && is_of_program ? UpgradeOrigin::program : UpgradeOrigin::foreign;
}

bool accepts_upgrade(const ParsedResponse& response, std::string_view upgrade, const Fields& request) {
  if (upgrade.empty()) return false;
  if (is_websocket(upgrade)) return accepts_websocket(response.head, request.get("Sec-WebSocket-Key"));
  if (response.head.status == 101) return iequals(response.head.fields.get("Upgrade"), upgrade);
  return is_docker_stream(response);
}

std::string websocket_accept(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3
  std::array<unsigned char, 20> digest{};
  unsigned length = 0;
  const int ok = EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr);
  LP_CHECK(ok == 1 && length == digest.size(), "SHA-1 is there");
  return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool is_complete_handshake(const Fields& request) {
  constexpr std::size_t kKeyBytes = 16;
  if (request.count("Sec-WebSocket-Key") != 1 || request.count("Sec-WebSocket-Version") != 1) return false;
  const auto key = base64_decode(request.get("Sec-WebSocket-Key"));
  return key && key->size() == kKeyBytes && request.get("Sec-WebSocket-Version") == "13" &&
         offers_subprotocols_well(request);
}

bool is_told_by_closing(const RouteSettings& route, std::string_view upgrade, UpgradeOrigin origin,
                        const Fields& request) {
  return route.websocket_unauthenticated == WebSocketUnauthenticated::close && origin != UpgradeOrigin::foreign &&
         is_websocket(upgrade) && is_complete_handshake(request);
}

bool would_open_websocket(const ParsedRequest& request, int status) {
  return request.is_http2 && !request.upgrade.empty() && status >= 200 && status < 300;
}

void describe_accepted(const Fields& request, std::string_view accept, ResponseHead& head) {
  head.status = 101;
  head.reason = "Switching Protocols";
  head.fields.add("Sec-WebSocket-Accept", accept);
  const auto offered = list_values(request, "Sec-WebSocket-Protocol");
  if (!offered.empty()) head.fields.add("Sec-WebSocket-Protocol", offered.front());
}

bool accepts_websocket(const ResponseHead& response, std::string_view key) {
  if (response.status != 101 || key.empty()) return false;
  return is_websocket(response.fields.get("Upgrade")) && response.fields.count("Sec-WebSocket-Accept") == 1 &&
         response.fields.get("Sec-WebSocket-Accept") == websocket_accept(key);
}

}  // namespace lp
