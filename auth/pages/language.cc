#include "auth/pages/language.h"

#include "base/encoding.h"
#include "base/weighted_list.h"

namespace lp {
namespace {

bool speaks(std::string_view tag, std::string_view language) { return iequals(tag.substr(0, tag.find('-')), language); }

}  // namespace

Language choose_language(std::string_view accept_language) {
  constexpr std::size_t kMaxElements = 32;
  int best = 0;
  Language chosen = Language::english;
  for (const Weighted& range : parse_weighted_list(accept_language, kMaxElements)) {
    const bool japanese = speaks(range.value, "ja");
    if (!japanese && !speaks(range.value, "en") && range.value != "*") continue;
    if (range.weight <= best) continue;
    best = range.weight;
    chosen = japanese ? Language::japanese : Language::english;
  }
  return chosen;
}

}  // namespace lp
