#pragma once
#include <string_view>

namespace lp {

// Methods that no app gets through this proxy: TRACE would show our cookies to a script (RFC 9110 9.3.8), CONNECT would
// make it a tunnel to anywhere. In any case, since apps fold it (threat P25). Pure.
[[nodiscard]] bool is_refused_method(std::string_view method);

}  // namespace lp
