#include "proxy/net/proxy_protocol.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;
using Kind = ProxyHeader::Kind;

namespace {

std::string binary(int command, int family, const std::string& addresses) {
  std::string bytes("\r\n\r\n\0\r\nQUIT\n", 12);
  bytes += static_cast<char>(command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(addresses.size() >> 8U);
  bytes += static_cast<char>(addresses.size() & 0xffU);
  return bytes + addresses;
}

const std::string kV4("\xc0\x00\x02\x01\x0a\x00\x00\x01\x1f\x90\x01\xbb", 12);
const std::string kV6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x07" + std::string(16, '\x01') +
                        std::string(4, '\x02');

}  // namespace

TEST_CASE("a header of the PROXY protocol tells the client's address and its own length") {
  struct Row {
    const char* what;
    std::string bytes;
    std::string client;
  };
  const Row rows[] = {
      {"IPv4", "PROXY TCP4 192.0.2.1 10.0.0.1 8080 443\r\n", "192.0.2.1"},
      {"IPv6", "PROXY TCP6 2001:db8::7 2001:db8::1 1 65535\r\n", "2001:db8::7"},
      {"nobody", "PROXY UNKNOWN\r\n", "unknown"},
      {"nobody, with words", "PROXY UNKNOWN ffff:f:f:f ffff::f 1 2\r\n", "unknown"},
      {"binary IPv4", binary(0x21, 0x11, kV4), "192.0.2.1"},
      {"binary IPv6", binary(0x21, 0x21, kV6), "2001:db8::7"},
      {"with further fields", binary(0x21, 0x11, kV4 + std::string("\x04\x00\x03zzz", 6)), "192.0.2.1"},
      {"a balancer's own", binary(0x20, 0x11, kV4), ""},
      {"a balancer's own, empty", binary(0x20, 0x00, ""), ""},
      {"of a family that it does not know", binary(0x21, 0x00, "whatever"), "unknown"},
      {"of a unix socket", binary(0x21, 0x31, std::string(216, 'u')), "unknown"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const ProxyHeader whole = read_proxy_header(row.bytes + "GET / HTTP/1.1\r\n");
    CHECK(whole.kind == Kind::complete);
    CHECK(whole.bytes == row.bytes.size());
    CHECK(whole.client == row.client);
    for (std::size_t i = 0; i < row.bytes.size(); ++i) {
      CHECK(read_proxy_header(row.bytes.substr(0, i)).kind == Kind::need_more);
    }
  }
}

TEST_CASE("what is no such header, or could be read in two ways, is refused") {
  struct Row {
    const char* what;
    std::string bytes;
  };
  const Row rows[] = {
      {"a request", "GET / HTTP/1.1\r\n"},
      {"TLS", "\x16\x03\x01"},
      {"small letters", "proxy TCP4 192.0.2.1 10.0.0.1 1 2\r\n"},
      {"no family", "PROXY \r\n"},
      {"another family", "PROXY UDP4 192.0.2.1 10.0.0.1 1 2\r\n"},
      {"an IPv6 address as IPv4", "PROXY TCP4 2001:db8::7 10.0.0.1 1 2\r\n"},
      {"an IPv4 address as IPv6", "PROXY TCP6 192.0.2.1 10.0.0.1 1 2\r\n"},
      {"no address", "PROXY TCP4 localhost 10.0.0.1 1 2\r\n"},
      {"leading zeros", "PROXY TCP4 192.000.2.1 10.0.0.1 1 2\r\n"},
      {"a port too large", "PROXY TCP4 192.0.2.1 10.0.0.1 65536 2\r\n"},
      {"a port with a sign", "PROXY TCP4 192.0.2.1 10.0.0.1 +1 2\r\n"},
      {"no second port", "PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n"},
      {"more behind it", "PROXY TCP4 192.0.2.1 10.0.0.1 1 2 3\r\n"},
      {"a blank behind it", "PROXY TCP4 192.0.2.1 10.0.0.1 1 2 \r\n"},
      {"two blanks", "PROXY TCP4  192.0.2.1 10.0.0.1 1 2\r\n"},
      {"a bare line feed", "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\n"},
      {"a line without end", "PROXY UNKNOWN " + std::string(107, 'x')},
      {"another version", binary(0x11, 0x11, kV4)},
      {"another command", binary(0x22, 0x11, kV4)},
      {"datagrams", binary(0x21, 0x12, kV4)},
      {"too short for its addresses", binary(0x21, 0x11, kV4.substr(1))},
      {"too short for its family", binary(0x21, 0x21, kV4)},
      {"too long", binary(0x21, 0x11, kV4 + std::string(kMostProxyHeader, 'x'))},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(read_proxy_header(row.bytes).kind == Kind::bad);
  }
}
