#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// Colours of our pages, and whether a person can read one on the other (WCAG 2.1). Pure.
namespace lp {

struct Rgb {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  bool operator==(const Rgb&) const = default;
};

// "#4534c8" or "#43c".
[[nodiscard]] Result<Rgb> parse_color(std::string_view text);
[[nodiscard]] std::string format_color(const Rgb& color);  // "#4534c8"

inline constexpr double kReadableContrast = 4.5;  // WCAG 1.4.3, level AA, for text of any size
// 1.4.3: from 1 to 21.
[[nodiscard]] double contrast(const Rgb& one, const Rgb& other);
[[nodiscard]] std::string format_contrast(double ratio);  // "4.49:1", cut off rather than rounded
// White or black, whichever is read better on it; one of them always is.
[[nodiscard]] Rgb readable_on(const Rgb& ground);
// `color`, or the first of its ever lighter shades that can be read on the dark `ground`.
[[nodiscard]] Rgb lightened_for(const Rgb& color, const Rgb& ground);

// What links and buttons stand on in the two colour schemes, and their own colours where none is configured. The style
// sheet in auth/pages/page_style has the same.
inline constexpr Rgb kCard{0xff, 0xff, 0xff};
inline constexpr Rgb kCardDark{0x1b, 0x20, 0x29};

}  // namespace lp
