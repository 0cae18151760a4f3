#include "base/weighted_list.h"

#include <algorithm>

#include "base/encoding.h"

namespace lp {
namespace {

// Text before the next `separator`, which is taken away with it.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trim_ows(taken);
}

// "1", "0.8", "0.123"
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = (text[0] - '0') * 1000;
  int unit = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  return weight <= 1000 ? std::optional(weight) : std::nullopt;
}

// "ja;" is "ja": a parameter may be empty (5.6.6).
std::string_view without_end(std::string_view value) { return value.substr(0, value.find_last_not_of("; \t") + 1); }

}  // namespace

std::optional<Weighted> parse_weighted(std::string_view element) {
  element = trim_ows(element);
  std::string_view rest = element;
  if (take_until(rest, ';').empty()) return std::nullopt;
  while (!rest.empty()) {
    const std::string_view before = element.substr(0, element.size() - rest.size() - 1);
    const std::string_view parameter = take_until(rest, ';');
    if (!iequals(parameter.substr(0, 2), "q=")) continue;
    const std::optional<int> weight = parse_weight(parameter.substr(2));
    return weight ? std::optional(Weighted{without_end(before), *weight}) : std::nullopt;
  }
  return Weighted{without_end(element)};
}

std::vector<Weighted> parse_weighted_list(std::string_view list, std::size_t max_elements) {
  std::vector<Weighted> parsed;
  for (std::size_t i = 0; i < max_elements && !list.empty(); ++i) {
    if (const auto element = parse_weighted(take_until(list, ','))) parsed.push_back(*element);
  }
  return parsed;
}

}  // namespace lp
