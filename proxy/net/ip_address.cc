#include "proxy/net/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace lp {
namespace {

constexpr std::array<std::uint8_t, 12> kV4Mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof buffer) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  if (std::strlen(buffer) != text.size()) return std::nullopt;
  IpAddress address{};
  if (text.find(':') != std::string_view::npos) {
    if (inet_pton(AF_INET6, buffer, address.data()) != 1) return std::nullopt;
    return address;
  }
  if (inet_pton(AF_INET, buffer, address.data() + 12) != 1) return std::nullopt;
  std::copy(kV4Mapped.begin(), kV4Mapped.end(), address.begin());
  return address;
}

std::string ip_text(const IpAddress& address) {
  char buffer[INET6_ADDRSTRLEN] = "";
  if (std::equal(kV4Mapped.begin(), kV4Mapped.end(), address.begin())) {
    inet_ntop(AF_INET, address.data() + 12, buffer, sizeof buffer);
  } else {
    inet_ntop(AF_INET6, address.data(), buffer, sizeof buffer);
  }
  return buffer;
}

bool contains(const Cidr& range, const IpAddress& address) {
  const std::size_t whole = static_cast<std::size_t>(range.prefix_bits) / 8;
  const int bits = range.prefix_bits % 8;
  if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole), range.address.begin())) {
    return false;
  }
  if (bits == 0) return true;
  const int mask = 0xff00 >> bits & 0xff;
  return (address[whole] & mask) == (range.address[whole] & mask);
}

bool contains_any(const std::vector<Cidr>& ranges, const IpAddress& address) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Cidr& range) { return contains(range, address); });
}

}  // namespace lp
