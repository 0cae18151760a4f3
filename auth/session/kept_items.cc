#include "auth/session/kept_items.h"

#include <nlohmann/json.hpp>
#include <string>

namespace lp {
namespace {

using nlohmann::json;

bool is_kept(const json& item, const TextPattern& pattern) {
  return item.is_string() && pattern.matches(item.get_ref<const std::string&>());
}

json items_kept(json& list, const TextPattern& pattern) {
  json kept = json::array();
  for (json& item : list) {
    if (is_kept(item, pattern)) kept.push_back(std::move(item));
  }
  return kept;
}

}  // namespace

void drop_other_items(json& claims, const SessionSettings& settings) {
  for (const auto& [name, pattern] : settings.kept_items) {
    const auto claim = claims.find(name);
    if (claim == claims.end()) continue;
    if (claim->is_array())
      *claim = items_kept(*claim, pattern);
    else if (!is_kept(*claim, pattern))
      claims.erase(claim);
  }
}

}  // namespace lp
