#pragma once
#include <string>

namespace lp {

// Whether what is sent to this host stays on the machine, as its name or address says by itself: there nobody can
// listen in. IPv6 with brackets or without. Pure.
[[nodiscard]] bool is_loopback(const std::string& host);

}  // namespace lp
