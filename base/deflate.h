#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Texts made shorter (RFC 1951). Never for a secret beside what somebody else chose: the length would tell of it. Pure.
namespace lp {

[[nodiscard]] std::string deflate_text(std::string_view text);
// nullopt for anything but one whole stream of at most `max_bytes`.
[[nodiscard]] std::optional<std::string> inflate_text(std::string_view bytes, std::size_t max_bytes);

}  // namespace lp
