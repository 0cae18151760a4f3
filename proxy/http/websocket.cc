#include "proxy/http/websocket.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "auth/rules/cors.h"
#include "base/check.h"
#include "base/encoding.h"

namespace lp {

bool is_allowed_origin(const Fields& fields, const Settings& settings, const RouteSettings& route,
                       const Origin& asked) {
  if (fields.count("Origin") != 1) return false;
  const std::string_view origin = fields.get("Origin");
  if (origin == asked.text() || names_origin(route.allowed_origins, origin)) return true;
  const auto& urls = settings.external_urls;
  return std::any_of(urls.begin(), urls.end(),
                     [&](const Origin& url) { return url.authority() == asked.authority() && url.text() == origin; });
}

std::string websocket_accept(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3
  std::array<unsigned char, 20> digest{};
  unsigned length = 0;
  const int ok = EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr);
  LP_CHECK(ok == 1 && length == digest.size(), "SHA-1 is there");
  return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool accepts_websocket(const ResponseHead& response, std::string_view key) {
  if (response.status != 101 || key.empty()) return false;
  return iequals(response.fields.get("Upgrade"), "websocket") && response.fields.count("Sec-WebSocket-Accept") == 1 &&
         response.fields.get("Sec-WebSocket-Accept") == websocket_accept(key);
}

}  // namespace lp
