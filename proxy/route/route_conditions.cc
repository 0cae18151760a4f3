#include "proxy/route/route_conditions.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/one_of.h"
#include "config/client_fields.h"

namespace lp {
namespace {

bool matches_any(const FieldCondition& condition, std::string_view value) {
  return std::any_of(condition.any_of.begin(), condition.any_of.end(),
                     [&](const TextPattern& pattern) { return pattern.matches(value); });
}

std::string folded_parameter(std::string_view name) {
  std::string folded = ascii_lower(name);
  for (char& c : folded) {
    if (c == '.' || c == ' ' || c == '[') c = '_';
  }
  return folded;
}

bool have_in_common(const std::vector<std::string>& some, const std::vector<std::string>& others) {
  return std::any_of(some.begin(), some.end(), [&](const std::string& one) { return is_one_of(one, others); });
}

struct Seen {
  std::size_t occurrences = 0;  // in whatever spelling
  bool other_spelling = false;
  bool broken = false;
  std::string raw_value;
};

Seen look_for(std::string_view name, std::string_view query, std::string_view separators) {
  Seen seen;
  const std::vector<std::string> wanted = parameter_readings(name);
  for_each_parameter(query, separators, [&](std::string_view raw_name, std::string_view value) {
    const auto key = form_decode(raw_name);
    seen.broken = seen.broken || !key || !form_decode(value);
    if (!key || !have_in_common(parameter_readings(*key), wanted)) return;
    ++seen.occurrences;
    seen.other_spelling = seen.other_spelling || *key != name;
    seen.raw_value = value;
  });
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

std::vector<std::string> parameter_readings(std::string_view name) {
  while (name.starts_with(' ') || name.starts_with('?')) name.remove_prefix(1);  // PHP; "/a??role=x"
  name = name.substr(0, name.find('\0'));
  const std::size_t bracket = name.find('[');
  std::vector<std::string> readings = {folded_parameter(name.substr(0, bracket))};
  if (bracket != std::string_view::npos && name.find(']', bracket) == std::string_view::npos)
    readings.push_back(folded_parameter(name));
  return readings;
}

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

Condition header_condition(const FieldCondition& condition, const Fields& fields, const ClientHeaderRules& rules,
                           const std::vector<std::string>& passed) {
  const bool is_passed = std::any_of(passed.begin(), passed.end(),
                                     [&](const std::string& name) { return folds_to_same(name, condition.name); });
  if (!is_passed && rules.strips_request_field(condition.name)) return Condition::fails;
  if (is_method_override(condition.name)) return Condition::fails;
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
