#pragma once
#include <string_view>

namespace lp {

// Methods that no app gets through this proxy: TRACE would show our cookies to a script (RFC 9110 9.3.8), CONNECT would
// make it a tunnel to anywhere. In any case, since apps fold it (threat P25). Pure.
[[nodiscard]] bool is_refused_method(std::string_view method);
// RFC 9110 9.2.2: what may be sent again after a connection died under it.
[[nodiscard]] bool is_idempotent(std::string_view method);

}  // namespace lp
