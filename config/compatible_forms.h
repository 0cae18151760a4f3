#pragma once
#include <cstdint>
#include <string>
#include <string_view>

// Characters that some function for texts takes for ASCII ones, or for none. Pure.
namespace lp {

// Nothing is seen of it, and functions that compare names leave it out (zero-width ones, variation selectors).
[[nodiscard]] bool is_invisible(std::uint32_t c);

// What the code point beyond ASCII becomes by NFKC and case folding, or by Windows' "best fit", where that is ASCII:
// full-width, circled and mathematical letters, ligatures, other slashes. In lower case; empty: it stays what it is.
[[nodiscard]] std::string ascii_form(std::uint32_t c);

}  // namespace lp
