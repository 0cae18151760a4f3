#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lp {

// Appends `text` as the inside of a JSON string: escaped, invalid UTF-8 replaced by U+FFFD, cut at `max_bytes`.
void append_json_escaped(std::string& out, std::string_view text, std::size_t max_bytes = 2048);
// Text that the above leaves as it is.
[[nodiscard]] bool is_plain_json(std::string_view text, std::size_t max_bytes = 2048);
// "2026-11-22T05:42:26.123Z"
void append_rfc3339_ms(std::string& out, std::int64_t unix_ms);

}  // namespace lp
