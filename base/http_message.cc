#include "base/http_message.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"

namespace lp {
namespace {

// Calls `take` with each trimmed piece of `text` between separators.
template <class Take>
void split_trimmed(std::string_view text, char separator, Take take) {
  for (;;) {
    const std::size_t end = text.find(separator);
    take(trim_ows(text.substr(0, end)));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::string_view Fields::find(std::string_view name) const {
  const auto found = std::find_if(list_.begin(), list_.end(), [&](const Field& f) { return iequals(f.name, name); });
  return found == list_.end() ? std::string_view{} : found->value;
}

std::size_t Fields::count_all(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(list_.begin(), list_.end(), [&](const Field& f) { return iequals(f.name, name); }));
}

Answer text_answer(int status, std::string body) {
  Answer answer;
  answer.status = status;
  answer.add("Content-Type", "text/plain; charset=utf-8");
  answer.add("Cache-Control", "no-store");
  answer.body = std::move(body);
  return answer;
}

std::vector<std::pair<std::string_view, std::string_view>> cookie_pairs(const Fields& fields) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (const Field& field : fields.all()) {
    if (!iequals(field.name, "Cookie")) continue;
    split_trimmed(field.value, ';', [&](std::string_view pair) {
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos) pairs.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    });
  }
  return pairs;
}

std::vector<std::string_view> list_values(const Fields& fields, std::string_view name) {
  std::vector<std::string_view> values;
  for (const Field& field : fields.all()) {
    if (!iequals(field.name, name)) continue;
    split_trimmed(field.value, ',', [&](std::string_view value) {
      if (!value.empty()) values.push_back(value);
    });
  }
  return values;
}

}  // namespace lp
