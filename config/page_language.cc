#include "config/page_language.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/one_of.h"

namespace lp {
namespace {

std::string_view primary(std::string_view tag) { return tag.substr(0, tag.find('-')); }

// The number in "{7}" at `at`; -1 where there is none.
int placeholder_at(std::string_view text, std::size_t at) {
  const bool is_one =
      at + 2 < text.size() && text[at] == '{' && text[at + 2] == '}' && text[at + 1] >= '0' && text[at + 1] <= '9';
  return is_one ? text[at + 1] - '0' : -1;
}

// In double quotes: no text means anything else to YAML then.
std::string yaml_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

constexpr std::string_view kFileHead =
    "# Texts of logto-proxy's pages. pages.languages names this file under its language's tag:\n"
    "#   pages: { languages: { de: texts.de.yaml } }\n"
    "# What is missing is said in English. {0} is a value: each must stay, in whatever place. In a title, | is where "
    "a\n"
    "# narrow screen may break the line.\n";

}  // namespace

Language::Language(const PageTranslation& translation)
    : translation_(&translation), is_japanese_(iequals(primary(translation.tag), "ja")) {}

std::string_view Language::tag() const {
  if (translation_ != nullptr) return translation_->tag;
  return is_japanese_ ? "ja" : "en";
}

bool Language::is_right_to_left() const { return translation_ != nullptr && lp::is_right_to_left(translation_->tag); }

std::string_view Language::say(TextKey key) const {
  if (translation_ != nullptr && key.at() < translation_->texts.size() && !translation_->texts[key.at()].empty())
    return translation_->texts[key.at()];
  const PageTextRow& row = kPageTexts[key.at()];
  return is_japanese_ ? row.japanese : row.english;
}

std::string fill_text(std::string_view text, const std::vector<std::string>& values) {
  std::string filled;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int number = placeholder_at(text, at);
    if (number < 0) {
      filled += text[at];
      continue;
    }
    if (static_cast<std::size_t>(number) < values.size()) filled += values[static_cast<std::size_t>(number)];
    at += 2;
  }
  return filled;
}

std::vector<int> placeholders_of(std::string_view text) {
  std::vector<int> numbers;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (const int number = placeholder_at(text, at); number >= 0) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

bool is_right_to_left(std::string_view tag) {
  static constexpr std::string_view kScripts[] = {"arab", "hebr", "thaa", "syrc", "nkoo", "rohg", "adlm"};
  static constexpr std::string_view kLanguages[] = {"ar", "he", "iw",  "fa",  "ur",  "ps",  "sd", "ug",
                                                    "yi", "dv", "ckb", "syr", "nqo", "arc", "azb"};
  const std::string lower = ascii_lower(tag);
  for (std::size_t at = lower.find('-'); at != std::string::npos;) {
    const std::size_t end = std::min(lower.find('-', at + 1), lower.size());
    if (end - at == 5) return is_one_of(std::string_view(lower).substr(at + 1, 4), kScripts);
    at = end == lower.size() ? std::string::npos : end;
  }
  return is_one_of(primary(lower), kLanguages);
}

bool is_page_language_tag(std::string_view tag) {
  std::size_t length = 0;
  bool is_first = true;
  const auto is_whole = [&] { return length >= 2 && length <= (is_first ? 3U : 8U); };
  for (const char c : tag) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c == '-') {
      if (!is_whole()) return false;
      is_first = false;
      length = 0;
    } else if (!is_letter && (is_first || c < '0' || c > '9')) {
      return false;
    } else {
      ++length;
    }
  }
  return is_whole();
}

std::string page_texts_file(std::string_view tag) {
  const bool is_japanese = iequals(primary(tag), "ja");
  std::string file(kFileHead);
  for (const PageTextRow& row : kPageTexts) {
    file.append("\n");
    if (is_japanese) file.append("# ").append(row.english).append("\n");
    file.append(row.key).append(": ").append(yaml_quoted(is_japanese ? row.japanese : row.english)).append("\n");
  }
  return file;
}

}  // namespace lp
