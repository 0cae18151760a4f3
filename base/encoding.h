#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lp {

// RFC 4648. Decoders are strict: no whitespace, no foreign characters, zero trailing bits; base64 wants its padding,
// base64url wants none (as in JWS, RFC 7515 section 2).
[[nodiscard]] std::string base64_encode(std::string_view bytes);
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
[[nodiscard]] std::string base64url_encode(std::string_view bytes);
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);
[[nodiscard]] std::string hex_encode(std::string_view bytes);

// RFC 3986 unreserved characters stay, every other byte becomes %XX: fit for a query value.
[[nodiscard]] std::string percent_encode(std::string_view bytes);
// Strict: nullopt on a truncated or non-hex escape. '+' stays '+'.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
// application/x-www-form-urlencoded, one name or value: as percent_decode but '+' is a space.
[[nodiscard]] std::optional<std::string> form_decode(std::string_view text);

// Fit for HTML text and quoted attributes: & < > " ' escaped, broken UTF-8 replaced first.
[[nodiscard]] std::string html_escape(std::string_view text);

// Bytes of the well-formed sequence that `text` begins with (Unicode table 3-7: no overlong form, no surrogate,
// nothing over U+10FFFF), 0 where it begins with none.
[[nodiscard]] std::size_t utf8_sequence_bytes(std::string_view text);
[[nodiscard]] bool is_valid_utf8(std::string_view bytes);
// Each byte that belongs to no well-formed sequence becomes one U+FFFD.
[[nodiscard]] std::string replace_invalid_utf8(std::string_view bytes);

// ASCII only, whatever the locale (threat P34). The usual answers, that the sizes differ or the first bytes in more
// than the bit of a letter's case, cost no call.
[[nodiscard]] bool iequals_same_size(std::string_view a, std::string_view b);
[[nodiscard]] inline bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  return a.empty() || (((a.front() ^ b.front()) & ~0x20) == 0 && iequals_same_size(a, b));
}
[[nodiscard]] std::string ascii_lower(std::string_view text);
[[nodiscard]] std::string_view trim_ows(std::string_view text);  // spaces and tabs (RFC 9110 5.6.3)

}  // namespace lp
