#include "auth/session/claim_path.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace lp {

const nlohmann::json* find_claim(const nlohmann::json& claims, std::string_view path) {
  if (!claims.is_object() || path.empty()) return nullptr;
  for (std::size_t end = path.size(); end != std::string_view::npos; end = end == 0 ? end : path.rfind('.', end - 1)) {
    if (end == 0) break;
    const auto found = claims.find(std::string(path.substr(0, end)));
    if (found == claims.end() || found->is_null()) continue;
    if (end == path.size()) return &*found;
    if (const nlohmann::json* below = find_claim(*found, path.substr(end + 1))) return below;
  }
  return nullptr;
}

bool is_shortened(const nlohmann::json& claims, std::string_view name) {
  const auto found = claims.find(kShortenedClaims);
  return found != claims.end() && found->is_array() &&
         std::any_of(found->begin(), found->end(), [&](const nlohmann::json& one) { return one == name; });
}

}  // namespace lp
