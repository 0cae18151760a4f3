#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "proxy/net/ip_address.h"
#include "proxy/net/proxy_protocol.h"

// What is complete is so for its own bytes alone, is not before its last byte, and names an address or nobody.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Kind = lp::ProxyHeader::Kind;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const lp::ProxyHeader header = lp::read_proxy_header(bytes);
  if (header.kind != Kind::complete) return 0;
  LP_CHECK(header.bytes > 0 && header.bytes <= size, "a header within what came");
  const bool is_nobody = header.client.empty() || header.client == lp::kUnknownClient;
  LP_CHECK(is_nobody || lp::parse_ip(header.client), "an address");
  const lp::ProxyHeader alone = lp::read_proxy_header(bytes.substr(0, header.bytes));
  LP_CHECK(alone.kind == Kind::complete && alone.client == header.client, "what follows does not matter");
  LP_CHECK(lp::read_proxy_header(bytes.substr(0, header.bytes - 1)).kind == Kind::need_more, "complete too early");
  return 0;
}
