#include <cstdint>
#include <string>
#include <string_view>

#include "auth/identity/client_headers.h"
#include "base/check.h"
#include "proxy/http/forwarding.h"
#include "proxy/http1/response.h"
#include "proxy/http1/scan.h"

// A response head that parses is written for a client, and what is written parses again with the framing we chose.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lp::Settings settings;
  static const lp::ClientHeaderRules rules(settings);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const lp::HeadLimits limits;
  lp::HeadScanner scanner(lp::HeadScanner::Kind::response);
  const bool is_complete = scanner.scan(bytes, limits) == lp::HeadScanner::Outcome::complete;
  lp::ParsedResponse parsed;
  const bool parses =
      is_complete && !lp::parse_response_head(bytes.substr(0, scanner.head_bytes()), "GET", limits, parsed);
  LP_CHECK(lp::take_response_head(bytes, "GET", limits, parsed) == (parses ? scanner.head_bytes() : 0),
           "one pass and two differ");
  if (!parses) return 0;
  lp::OutgoingResponse response;
  response.body = parsed.body;
  response.authenticated = true;
  std::string out;
  lp::append_response_head(out, response, parsed.head, rules);
  lp::ParsedResponse again;
  LP_CHECK(
      !lp::parse_response_head(out, "GET", {limits.head_bytes, limits.field_count + 5, limits.target_bytes}, again),
      "our own head does not parse");
  LP_CHECK(!again.repairs.any(), "what we write needs no repair");
  LP_CHECK(again.body.kind == parsed.body.kind && again.body.length == parsed.body.length, "framing changed");
  return 0;
}
