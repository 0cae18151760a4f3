#include "auth/identity/patreon_headers.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "auth/session/patreon_member.h"

namespace lp {
namespace {

std::vector<std::string> campaigns_in(std::string_view list) {
  std::vector<std::string> campaigns;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    campaigns.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return campaigns;
}

nlohmann::json tiers_of(const PatreonMembership& membership, std::string PatreonTier::*member) {
  nlohmann::json list = nlohmann::json::array();
  for (const PatreonTier& tier : membership.tiers) {
    if (!(tier.*member).empty()) list.push_back(tier.*member);
  }
  return list;
}

}  // namespace

nlohmann::json patreon_claim(const IdentityHeaderSettings& header, const PatreonStanding* standing) {
  if (standing == nullptr) return nullptr;
  const PatreonMembership* membership = membership_to_tell(*standing, campaigns_in(header.constant));
  if (membership == nullptr) return nullptr;
  if (header.claim == "campaign") return membership->campaign;
  if (header.claim == "tier") return tiers_of(*membership, &PatreonTier::title);
  if (header.claim == "tier_id") return tiers_of(*membership, &PatreonTier::id);
  if (header.claim == "cents") return membership->cents;
  return membership->status.empty() ? "none" : membership->status;
}

}  // namespace lp
