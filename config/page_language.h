#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/page_texts.h"
#include "config/pages.h"

// A language in which our pages speak: one of the two that are built in, or that of a file. Pure.
namespace lp {

// A value. The translation that it is made from must outlive it.
class Language {
 public:
  static const Language english;
  static const Language japanese;
  explicit Language(const PageTranslation& translation);

  [[nodiscard]] std::string_view tag() const;
  [[nodiscard]] bool is_right_to_left() const;
  // In this language; where its file lacks the text, in the built-in one of the same language, else in English.
  [[nodiscard]] std::string_view say(TextKey key) const;
  bool operator==(const Language&) const = default;

 private:
  constexpr explicit Language(bool is_japanese) : is_japanese_(is_japanese) {}
  const PageTranslation* translation_ = nullptr;  // null: built in
  bool is_japanese_ = false;                      // what is built in is
};
inline constexpr Language Language::english{false};
inline constexpr Language Language::japanese{true};

// {0}, {1}, ... replaced; of what has no value nothing is left.
[[nodiscard]] std::string fill_text(std::string_view text, const std::vector<std::string>& values);
// The numbers of its placeholders, each once, in order.
[[nodiscard]] std::vector<int> placeholders_of(std::string_view text);

// By the script, or by the language where it has but one ("ar", "he", "az-Arab").
[[nodiscard]] bool is_right_to_left(std::string_view tag);
// "de", "pt-BR", "zh-Hant": what BCP 47 writes, without extensions and private use.
[[nodiscard]] bool is_page_language_tag(std::string_view tag);

// All built-in texts of a language as a file that pages.languages can name, each with its English one above. "en" or
// "ja"; another tag gets the English ones to begin with.
[[nodiscard]] std::string page_texts_file(std::string_view tag);

}  // namespace lp
