#include "config/page_color.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "config/value.h"

namespace lp {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

double linear(std::uint8_t channel) {
  const double part = channel / 255.0;
  return part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4);
}

double luminance(const Rgb& color) {
  return 0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue);
}

std::uint8_t toward_white(std::uint8_t channel, int percent) {
  return static_cast<std::uint8_t>(channel + (255 - channel) * percent / 100);
}

}  // namespace

Result<Rgb> parse_color(std::string_view text) {
  const bool is_short = text.size() == 4;
  const bool is_hex = (is_short || text.size() == 7) && text.front() == '#' &&
                      std::all_of(text.begin() + 1, text.end(), [](char c) { return hex_digit(c) >= 0; });
  if (!is_hex) return expected("a colour such as \"#4534c8\" (in quotes: YAML takes # for a comment)", text);
  const auto channel = [&](std::size_t at) {
    const std::size_t first = 1 + at * (is_short ? 1 : 2);
    return static_cast<std::uint8_t>(hex_digit(text[first]) * 16 + hex_digit(text[is_short ? first : first + 1]));
  };
  return Rgb{channel(0), channel(1), channel(2)};
}

std::string format_color(const Rgb& color) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", color.red, color.green, color.blue);
  return text;
}

double contrast(const Rgb& one, const Rgb& other) {
  const auto [low, high] = std::minmax({luminance(one), luminance(other)});
  return (high + 0.05) / (low + 0.05);
}

std::string format_contrast(double ratio) {
  char text[16];
  std::snprintf(text, sizeof text, "%.2f:1", std::floor(ratio * 100) / 100);
  return text;
}

Rgb readable_on(const Rgb& ground) {
  constexpr Rgb kWhite{0xff, 0xff, 0xff};
  constexpr Rgb kInk{0, 0, 0};  // one of the two always has 4.58:1
  return contrast(kWhite, ground) >= kReadableContrast || contrast(kWhite, ground) >= contrast(kInk, ground) ? kWhite
                                                                                                             : kInk;
}

Rgb lightened_for(const Rgb& color, const Rgb& ground) {
  for (int percent = 0; percent < 100; percent += 5) {
    const Rgb shade{toward_white(color.red, percent), toward_white(color.green, percent),
                    toward_white(color.blue, percent)};
    if (contrast(shade, ground) >= kReadableContrast) return shade;
  }
  return {0xff, 0xff, 0xff};
}

}  // namespace lp
