#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

// IP addresses as values. IPv4 is kept v4-mapped, so that ::ffff:10.0.0.1 and 10.0.0.1 are one (threat H14). Pure.
namespace lp {

using IpAddress = std::array<std::uint8_t, 16>;

// An address literal; zone ids, brackets, ports and leading zeros are refused.
[[nodiscard]] std::optional<IpAddress> parse_ip(std::string_view text);
[[nodiscard]] std::string ip_text(const IpAddress& address);  // v4-mapped as IPv4
[[nodiscard]] bool contains(const Cidr& range, const IpAddress& address);
[[nodiscard]] bool contains_any(const std::vector<Cidr>& ranges, const IpAddress& address);

}  // namespace lp
