#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/settings.h"

// What apps take for the same path besides what the one normalisation makes the same. Pure.
namespace lp {

// One text for all spellings of a path in normal form that some app serves as one page: whatever the case (Express,
// ASP.NET, Windows), with and without a slash at the end (Express, ASP.NET, Rails), with dots and blanks behind a
// segment (Windows cuts them off), blanks before it (apps trim) (threat P32). Is itself such a path, in lower case and
// without these; its own key.
[[nodiscard]] std::string spelling_key(std::string_view normal_path);
// What the key of a path is matched against in place of this pattern, whose text is in normal form.
[[nodiscard]] PathPattern spelling_key(PathPattern pattern);

// False where a path surely is its own key: no capital letter, no escape, no dot at the end of a segment, no last
// slash.
[[nodiscard]] bool may_have_other_key(std::string_view normal_path);
// For the one look at each byte of every request: 0 for all bytes of a path that does not end in a slash only where
// that is so.
inline constexpr std::array<std::uint8_t, 256> kOddInKey = [] {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t letter = 'A'; letter <= 'Z'; ++letter) table[letter] = 1;
  table['%'] = table['.'] = 1;
  return table;
}();
[[nodiscard]] inline unsigned odd_in_key(char c) { return kOddInKey[static_cast<unsigned char>(c)]; }

// Of a path in normal form: with %20 for every character that functions which trim a text take for a blank.
[[nodiscard]] std::string with_plain_blanks(std::string_view normal_path);

}  // namespace lp
