#pragma once
#include <string>
#include <string_view>

namespace lp {

// Whom bounds "per client address" count an address as: an IPv4 address as itself, also in its IPv6 form, an IPv6
// address as its /64, for whoever has one address of it has all. Anything else stays as it is. Pure.
[[nodiscard]] std::string client_group(std::string_view address);

}  // namespace lp
