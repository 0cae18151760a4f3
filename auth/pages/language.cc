#include "auth/pages/language.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/encoding.h"
#include "base/weighted_list.h"

namespace lp {
namespace {

std::optional<Language> language_called(std::string_view tag, const PagesSettings* pages) {
  if (pages != nullptr) {
    for (const PageTranslation& translation : pages->languages) {
      if (iequals(translation.tag, tag)) return Language(translation);
    }
  }
  if (iequals(tag, "en")) return Language::english;
  if (iequals(tag, "ja")) return Language::japanese;
  return std::nullopt;
}

// Without its last subtag, and without one letter that would then stand last.
std::string_view truncated(std::string_view range) {
  range = range.substr(0, range.find('-') == std::string_view::npos ? 0 : range.rfind('-'));
  const bool ends_in_letter = range.size() > 2 && range[range.size() - 2] == '-';
  return ends_in_letter ? range.substr(0, range.size() - 2) : range;
}

Language default_language(const PagesSettings* pages) {
  return language_called("en", pages).value_or(Language::english);
}

}  // namespace

Language choose_language(std::string_view accept_language, const PagesSettings* pages) {
  constexpr std::size_t kMaxElements = 32;
  std::vector<Weighted> ranges = parse_weighted_list(accept_language, kMaxElements);
  std::stable_sort(ranges.begin(), ranges.end(),
                   [](const Weighted& a, const Weighted& b) { return a.weight > b.weight; });
  for (const Weighted& range : ranges) {
    if (range.weight == 0) break;
    if (range.value == "*") break;
    for (std::string_view tag = range.value; !tag.empty(); tag = truncated(tag)) {
      if (const auto found = language_called(tag, pages)) return *found;
    }
  }
  return default_language(pages);
}

}  // namespace lp
