#include "auth/oidc/ui_locales.h"

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "base/weighted_list.h"

namespace lp {
namespace {

constexpr std::size_t kMaxHeaderBytes = 1024;
constexpr std::size_t kMaxLocales = 3;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

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
  std::vector<Weighted> languages;
  for (const Weighted& language : parse_weighted_list(accept_language, kMaxHeaderBytes)) {
    const auto same = [&](const Weighted& known) { return iequals(known.value, language.value); };
    const bool is_wanted = language.weight > 0 && is_language_tag(language.value);
    if (is_wanted && std::none_of(languages.begin(), languages.end(), same)) languages.push_back(language);
  }
  std::stable_sort(languages.begin(), languages.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  std::string out;
  for (std::size_t i = 0; i < std::min(languages.size(), kMaxLocales); ++i) {
    if (i > 0) out += ' ';
    out += languages[i].value;
  }
  return out;
}

}  // namespace lp
