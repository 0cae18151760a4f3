#include "auth/session/kept_claims.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "auth/jose/json_strict.h"
#include "auth/session/claim_path.h"
#include "auth/session/kept_items.h"
#include "auth/session/session.h"
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

// Of an object nobody asks more than whether it is there: no header carries one, and no rule compares it. A profile of
// a social account would fill a cookie.
void keep_identity(json& kept, const std::string& path, const json& identities) {
  keep_leaf(kept, path, json{{"identities", identities}});
  if (kept.contains(path) && kept[path].is_object()) kept[path] = json::object();
}

constexpr const char* kOrganizationData = "organization_data";
constexpr std::size_t kMaxOrganizationNames = 200;
constexpr std::size_t kMaxOrganizationNameBytes = 120;

// Logto's is a list of objects with descriptions; what people read is a name for each id.
json organization_names(const json& data) {
  json names = json::object();
  if (!data.is_array()) return names;
  for (const json& one : data) {
    if (names.size() >= kMaxOrganizationNames) break;
    const std::string* id = string_member(one, "id");
    const std::string* name = string_member(one, "name");
    const bool fits = id != nullptr && name != nullptr && !name->empty() && name->size() <= kMaxOrganizationNameBytes;
    if (fits) names[*id] = *name;
  }
  return names;
}

// Without a membership there is nothing to name.
bool has_no_organization(const json& id_token_claims) {
  const auto ids = id_token_claims.find("organizations");
  return ids != id_token_claims.end() && (ids->is_null() || (ids->is_array() && ids->empty()));
}

// How our pages and /_auth/me call a person; nothing long is carried for that.
constexpr const char* kDisplayed[] = {"name", "username", "email"};
constexpr std::size_t kMaxDisplayedBytes = 256;

bool is_short_text(const json& claim) {
  return claim.is_string() && claim.get_ref<const std::string&>().size() <= kMaxDisplayedBytes;
}

// Five cookies hold 13 KiB of a session; the rest of it takes less than one.
constexpr std::size_t kRoomInCookies = 12 * 1024;
constexpr std::size_t kRoomInStore = kMaxSessionBytes - 16 * 1024;

std::size_t bytes_of(const json& value) { return json::to_cbor(value).size(); }

bool is_list_of_texts(const json& claim) {
  return claim.is_array() && !claim.empty() &&
         std::all_of(claim.begin(), claim.end(), [](const json& item) { return item.is_string(); });
}

// As identity headers join it; encoded it is never shorter.
std::size_t joined_bytes(const json& list) {
  std::size_t bytes = list.size() - 1;
  for (const json& item : list) bytes += item.get_ref<const std::string&>().size();
  return bytes;
}

// The list that takes most room among those of which nobody misses the items that no rule names.
std::string longest_that_may_be_shortened(const json& kept, const std::set<std::string>& in_headers,
                                          const std::set<std::string>& done, const std::set<std::string>& whole) {
  std::string longest;
  std::size_t most = 0;
  for (const auto& [name, claim] : kept.items()) {
    if (!is_list_of_texts(claim) || done.contains(name) || whole.contains(name)) continue;
    const std::size_t bytes = joined_bytes(claim);
    const bool is_carried = in_headers.contains(name) && bytes <= kMaxClaimHeaderBytes;
    if (is_carried || bytes <= most) continue;
    longest = name;
    most = bytes;
  }
  return longest;
}

void keep_named_items(json& list, const std::set<std::string>& named) {
  json shorter = json::array();
  for (json& item : list) {
    if (named.contains(item.get_ref<const std::string&>())) shorter.push_back(std::move(item));
  }
  list = std::move(shorter);
}

// Of objects the leaves that are asked for, in place of the whole.
void keep_leaves_alone(json& kept, const Settings& settings) {
  const std::set<std::string> paths = claims_in_use(settings);
  const json whole = kept;
  for (const auto& [name, claim] : whole.items()) {
    if (claim.is_object() && !paths.contains(name)) kept.erase(name);
  }
  for (const std::string& path : paths) {
    if (!kept.contains(top_level_claim(path))) keep_leaf(kept, path, whole);
  }
}

// Rules go on to see what they ask for, an empty list included; whoever tells others of a claim leaves it out.
void shorten(json& kept, const Settings& settings) {
  const std::size_t room = settings.session.store == SessionStore::cookie ? kRoomInCookies : kRoomInStore;
  if (bytes_of(kept) <= room) return;
  kept.erase(kOrganizationData);  // ids do as well
  keep_leaves_alone(kept, settings);
  const std::set<std::string> in_headers = claims_in_headers(settings);
  std::set<std::string> done;
  std::set<std::string> whole;
  if (has_organizations(settings)) whole = {"organizations", "organization_roles"};  // the address says which
  while (bytes_of(kept) > room) {
    const std::string name = longest_that_may_be_shortened(kept, in_headers, done, whole);
    if (name.empty()) break;
    keep_named_items(kept[name], items_that_rules_name(settings, name));
    done.insert(name);
  }
  if (!done.empty()) kept[kShortenedClaims] = done;
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
    if (name == kOrganizationData) kept[name] = organization_names(*claim);
    if (name == "identities" && path != name) keep_identity(kept, path, *claim);
  }
  for (const char* name : kDisplayed) {
    const json* claim = claim_of(name);
    if (claim != nullptr && !kept.contains(name) && is_short_text(*claim)) kept[name] = *claim;
  }
  kept.erase(kShortenedClaims);  // ours alone
  drop_other_items(kept, settings.session);
  shorten(kept, settings);
  return kept;
}

bool needs_userinfo(const json& id_token_claims, const Settings& settings) {
  const std::set<std::string> paths = claims_in_use(settings);
  return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
    if (path == kOrganizationData && has_no_organization(id_token_claims)) return false;
    return !id_token_claims.contains(path) && !id_token_claims.contains(top_level_claim(path));
  });
}

}  // namespace lp
