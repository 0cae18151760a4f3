#include "auth/pages/language.h"

#include <algorithm>

#include "base/encoding.h"

namespace lp {
namespace {

// "0.8" and the like in thousandths; RFC 9110 12.4.2 allows three digits. Malformed weights count as none.
int weight_of(std::string_view parameters) {
  parameters = trim_ows(parameters);
  if (parameters.empty()) return 1000;
  if (parameters.size() < 3 || parameters.size() > 7 || !iequals(parameters.substr(0, 2), "q=")) return 0;
  if (parameters[2] == '1') return 1000;
  int weight = 0;
  for (int scale = 100; const char c : parameters.substr(std::min<std::size_t>(4, parameters.size()))) {
    if (c < '0' || c > '9') return 0;
    weight += (c - '0') * scale;
    scale /= 10;
  }
  return parameters[2] == '0' ? weight : 0;
}

bool speaks(std::string_view tag, std::string_view language) { return iequals(tag.substr(0, tag.find('-')), language); }

}  // namespace

Language choose_language(std::string_view accept_language) {
  constexpr int kMaxElements = 32;
  int best = 0;
  Language chosen = Language::english;
  for (int i = 0; i < kMaxElements && !accept_language.empty(); ++i) {
    const std::size_t end = std::min(accept_language.find(','), accept_language.size());
    const std::string_view element = trim_ows(accept_language.substr(0, end));
    accept_language.remove_prefix(std::min(end + 1, accept_language.size()));
    const std::size_t semicolon = std::min(element.find(';'), element.size());
    const std::string_view tag = trim_ows(element.substr(0, semicolon));
    const bool japanese = speaks(tag, "ja");
    if (!japanese && !speaks(tag, "en") && tag != "*") continue;
    const int weight = weight_of(element.substr(std::min(semicolon + 1, element.size())));
    if (weight <= best) continue;
    best = weight;
    chosen = japanese ? Language::japanese : Language::english;
  }
  return chosen;
}

}  // namespace lp
