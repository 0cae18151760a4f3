#include "auth/session/kept_claims.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "auth/session/claim_path.h"
#include "config/claims.h"

namespace lp {
namespace {

using nlohmann::json;

const json* present(const json& claims, const std::string& name) {
  if (!claims.is_object()) return nullptr;
  const auto found = claims.find(name);
  return found == claims.end() || found->is_null() ? nullptr : &*found;
}

// Logto's `identities` holds whole profiles of the social accounts; the rules need only the targets.
json identity_targets(const json& identities) {
  json targets = json::array();
  if (!identities.is_object()) return targets;
  for (const auto& [target, identity] : identities.items()) {
    if (!identity.is_null()) targets.push_back(target);
  }
  return targets;
}

// Under its whole path, where find_claim() finds it, since the object that it was in is not kept.
void keep_leaf(json& kept, const std::string& path, const json& claims) {
  if (const json* leaf = find_claim(claims, path)) kept[path] = *leaf;
}

// How our pages and /_auth/me call a person; nothing long is carried for that.
constexpr const char* kDisplayed[] = {"name", "username", "email"};
constexpr std::size_t kMaxDisplayedBytes = 256;

bool is_short_text(const json& claim) {
  return claim.is_string() && claim.get_ref<const std::string&>().size() <= kMaxDisplayedBytes;
}

}  // namespace

json claims_to_keep(const json& id_token_claims, const json& userinfo_claims, const Settings& settings) {
  json kept = json::object();
  const auto claim_of = [&](const std::string& name) {
    const json* claim = present(id_token_claims, name);
    return claim != nullptr ? claim : present(userinfo_claims, name);
  };
  for (const std::string& path : claims_in_use(settings)) {
    const std::string name = claim_of(path) != nullptr ? path : top_level_claim(path);
    const json* claim = claim_of(name);
    if (claim == nullptr) continue;
    kept[name] = name == "identities" ? identity_targets(*claim) : *claim;
    if (name == "identities" && path != name) keep_leaf(kept, path, json{{name, *claim}});
  }
  for (const char* name : kDisplayed) {
    const json* claim = claim_of(name);
    if (claim != nullptr && !kept.contains(name) && is_short_text(*claim)) kept[name] = *claim;
  }
  return kept;
}

bool needs_userinfo(const json& id_token_claims, const Settings& settings) {
  const std::set<std::string> paths = claims_in_use(settings);
  return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
    return !id_token_claims.contains(path) && !id_token_claims.contains(top_level_claim(path));
  });
}

}  // namespace lp
