#include "auth/oidc/ui_locales.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/encoding.h"

namespace lp {
namespace {

constexpr std::size_t kMaxHeaderBytes = 1024;
constexpr std::size_t kMaxLocales = 3;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Text before the next `separator`, which is taken away with it.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trim_ows(taken);
}

// "1", "0.8", "0.123" as thousandths (RFC 9110 12.4.2).
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = (text[0] - '0') * 1000;
  int unit = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (!is_digit(c)) return std::nullopt;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  return weight <= 1000 ? std::optional(weight) : std::nullopt;
}

struct Language {
  std::string_view tag;
  int weight = 1000;
};

std::optional<Language> parse_language(std::string_view element) {
  Language language{take_until(element, ';')};
  if (!is_language_tag(language.tag)) return std::nullopt;
  if (element.empty()) return language;
  const std::string_view parameter = trim_ows(element);
  if (parameter.size() < 2 || !iequals(parameter.substr(0, 2), "q=")) return std::nullopt;
  const auto weight = parse_weight(parameter.substr(2));
  if (!weight || *weight == 0) return std::nullopt;
  language.weight = *weight;
  return language;
}

}  // namespace

bool is_language_tag(std::string_view text) {
  if (text.empty() || text.size() > 35) return false;
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('-'), text.size());
    const std::string_view group = text.substr(0, end);
    const auto fits = [&](char c) { return is_letter(c) || (!first && is_digit(c)); };
    if (group.empty() || group.size() > 8 || !std::all_of(group.begin(), group.end(), fits)) return false;
    if (end + 1 == text.size()) return false;  // ends in '-'
    text.remove_prefix(std::min(end + 1, text.size()));
    first = false;
  }
  return true;
}

std::string ui_locales_from(std::string_view accept_language) {
  if (accept_language.size() > kMaxHeaderBytes) return {};
  std::vector<Language> languages;
  while (!accept_language.empty()) {
    const auto language = parse_language(take_until(accept_language, ','));
    const auto same = [&](const Language& known) { return iequals(known.tag, language->tag); };
    if (language && std::none_of(languages.begin(), languages.end(), same)) languages.push_back(*language);
  }
  std::stable_sort(languages.begin(), languages.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  std::string out;
  for (std::size_t i = 0; i < std::min(languages.size(), kMaxLocales); ++i) {
    if (i > 0) out += ' ';
    out += languages[i].tag;
  }
  return out;
}

}  // namespace lp
