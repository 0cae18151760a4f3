#include <cstdint>
#include <string>
#include <string_view>

#include "auth/identity/client_headers.h"
#include "base/check.h"
#include "proxy/http/forwarding.h"
#include "proxy/http/grpc.h"
#include "proxy/http1/response.h"
#include "proxy/http2/response.h"

// What an app says in HTTP/2 (a name and a value a line; the first byte says whether the stream ends with it) and is
// taken makes a head of HTTP/1.1 that parses, with the framing that was chosen.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lp::Settings settings;
  static const lp::ClientHeaderRules rules(settings);
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  const bool ends = bytes.front() == 'E';
  bytes.remove_prefix(1);
  lp::ReceivedFields received;
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
    const std::size_t cut = std::min(line.find('='), line.size());
    if (!received.add(line.substr(0, cut), line.substr(std::min(cut + 1, line.size())))) break;
  }
  lp::Fields trailers;
  (void)lp::trailers_of_h2_fields(received.all(), trailers);
  lp::ParsedResponse parsed;
  if (lp::response_of_h2_fields(received.all(), ends, "GET", parsed)) return 0;
  (void)lp::grpc_timeout_ms(parsed.head.fields.get("grpc-timeout"));
  lp::OutgoingResponse response;
  response.body = parsed.body;
  std::string out;
  lp::append_response_head(out, response, parsed.head, rules);
  lp::ParsedResponse again;
  LP_CHECK(!lp::parse_response_head(out, "GET", {1024 * 1024, 1010, 0}, again), "our own head does not parse");
  LP_CHECK(!again.repairs.any(), "what we write needs no repair");
  LP_CHECK(again.body.kind == parsed.body.kind && again.body.length == parsed.body.length, "framing changed");
  return 0;
}
