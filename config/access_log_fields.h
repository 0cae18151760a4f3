#pragma once
#include <array>
#include <string_view>

namespace lp {

// What a line of the access log may say, in its order. The time is always there.
inline constexpr std::array<std::string_view, 18> kAccessLogFields = {
    "id",        "client",      "method",      "host",           "realm",  "path",
    "route",     "decision",    "shadow",      "shadow_missing", "status", "bytes_in",
    "bytes_out", "duration_ms", "upstream_ms", "upstream",       "sub",    "protocol"};

}  // namespace lp
