#pragma once
#include <cstddef>
#include <string_view>

// The languages of our pages, and which of them a browser asks for. Pure.
namespace lp {

enum class Language { english, japanese };
inline constexpr std::size_t kLanguages = 2;
// A language's place in tables of texts.
[[nodiscard]] constexpr std::size_t index_of(Language language) { return language == Language::japanese ? 1 : 0; }

// RFC 9110 12.5.4: the language with the highest weight of those we have; English where nothing fits.
[[nodiscard]] Language choose_language(std::string_view accept_language);

}  // namespace lp
