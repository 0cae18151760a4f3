#include "proxy/route/route_conditions.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/encoding.h"

namespace lp {
namespace {

bool matches_any(const FieldCondition& condition, std::string_view value) {
  return std::any_of(condition.any_of.begin(), condition.any_of.end(),
                     [&](const TextPattern& pattern) { return pattern.matches(value); });
}

// The name as the most lenient app reads it: PHP makes '_' of '.', ' ' and '[', others fold the case, and Rails and PHP
// read "role[]" and "role[x]" as role.
std::string folded_parameter(std::string_view name) {
  while (name.starts_with(' ')) name.remove_prefix(1);
  name = name.substr(0, std::min(name.find('['), name.find('\0')));
  std::string folded = ascii_lower(name);
  for (char& c : folded) {
    if (c == '.' || c == ' ') c = '_';
  }
  return folded;
}

struct Seen {
  std::size_t occurrences = 0;  // in whatever spelling
  bool other_spelling = false;
  bool broken = false;
  std::string raw_value;
};

Seen look_for(std::string_view name, std::string_view query, std::string_view separators) {
  Seen seen;
  const std::string folded = folded_parameter(name);
  for (std::size_t begin = 0; begin <= query.size();) {
    const std::size_t end = std::min(query.find_first_of(separators, begin), query.size());
    const std::string_view pair = query.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto key = form_decode(pair.substr(0, equals));
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    seen.broken = seen.broken || !key || !form_decode(value);
    if (!key || folded_parameter(*key) != folded) continue;
    ++seen.occurrences;
    seen.other_spelling = seen.other_spelling || *key != name;
    seen.raw_value = value;
  }
  return seen;
}

char fold(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  return plain ? c : '-';
}

bool folds_to_same(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return fold(x) == fold(y); });
}

bool is_named_by_connection(std::string_view name, const Fields& fields) {
  for (const Field& field : fields.all()) {
    if (!iequals(field.name, "Connection")) continue;
    std::string_view list = field.value;
    while (!list.empty()) {
      const std::size_t end = std::min(list.find(','), list.size());
      if (iequals(trim_ows(list.substr(0, end)), name)) return true;
      list.remove_prefix(std::min(end + 1, list.size()));
    }
  }
  return false;
}

}  // namespace

Condition query_condition(const FieldCondition& condition, std::string_view query) {
  const Seen seen = look_for(condition.name, query, "&");
  const Seen lenient = query.find(';') == std::string_view::npos ? seen : look_for(condition.name, query, "&;");
  if (seen.broken || seen.occurrences > 1 || seen.other_spelling) return Condition::unclear;
  if (lenient.occurrences != seen.occurrences || lenient.raw_value != seen.raw_value) return Condition::unclear;
  if (seen.occurrences == 0) return Condition::fails;
  const bool holds = matches_any(condition, *form_decode(seen.raw_value));
  if (holds != matches_any(condition, *percent_decode(seen.raw_value))) return Condition::unclear;
  return holds ? Condition::holds : Condition::fails;
}

Condition header_condition(const FieldCondition& condition, const Fields& fields, const ClientHeaderRules& rules) {
  if (rules.strips_request_field(condition.name)) return Condition::fails;
  const Field* found = nullptr;
  for (const Field& field : fields.all()) {
    if (!folds_to_same(field.name, condition.name)) continue;
    if (found != nullptr || !iequals(field.name, condition.name)) return Condition::unclear;
    found = &field;
  }
  if (found == nullptr) return Condition::fails;
  if (is_named_by_connection(condition.name, fields)) return Condition::unclear;
  return matches_any(condition, trim_ows(found->value)) ? Condition::holds : Condition::fails;
}

}  // namespace lp
