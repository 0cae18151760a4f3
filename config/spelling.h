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
// segment (Windows cuts them off), blanks before it (apps trim), '+' for one (form decoding); full-width letters and
// the like (NFKC), characters that nobody sees, %uXXXX encoded once more; what ASP.NET takes out ("(S(x))"), streams of
// NTFS
// ("::$DATA") (threat P32). Is itself such a path, in lower case and without these; its own key. Takes time in
// proportion to the path.
[[nodiscard]] std::string spelling_key(std::string_view normal_path);
// A segment of it is ".." to some app, in full-width dots or with what that app takes out: where it leads, no other
// spelling of the path does. Likewise where such forms lie within each other in more layers than any app takes off: the
// key is not the last one then.
[[nodiscard]] bool leads_upwards(std::string_view normal_path);
// What the key of a path is matched against in place of this pattern, whose text is in normal form.
[[nodiscard]] PathPattern spelling_key(PathPattern pattern);

// With what ASP.NET takes out of a path gone together with the slash before it: to some versions "/adm/(S(x))in" is
// /admin. Else the path itself.
[[nodiscard]] std::string joined_spelling(std::string_view normal_path);

// False where a path surely is its own key and no short name (config/short_names.h): no capital letter, no escape, no
// plus sign, no dot at the end of a segment, no last slash, nothing of ASP.NET and NTFS.
[[nodiscard]] bool may_have_other_key(std::string_view normal_path);
// For the one look at each byte of every request: 0 for all bytes of a path that does not end in a slash only where
// that is so.
inline constexpr std::array<std::uint8_t, 256> kOddInKey = [] {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t letter = 'A'; letter <= 'Z'; ++letter) table[letter] = 1;
  for (const char c : {'%', '.', '+', '(', '$', '~'}) table[static_cast<unsigned char>(c)] = 1;
  return table;
}();
[[nodiscard]] inline unsigned odd_in_key(char c) { return kOddInKey[static_cast<unsigned char>(c)]; }

// Of a path in normal form: with %20 for every character that functions which trim a text take for a blank.
[[nodiscard]] std::string with_plain_blanks(std::string_view normal_path);

}  // namespace lp
