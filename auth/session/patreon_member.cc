#include "auth/session/patreon_member.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "auth/cookies/cbor_members.h"

namespace lp {
namespace {

using nlohmann::json;

bool take_tiers(const json& list, std::vector<PatreonTier>& tiers) {
  if (!list.is_array() || list.size() > kMaxPatreonTiers) return false;
  for (const json& one : list) {
    PatreonTier tier;
    if (!one.is_array() || one.size() != 2 || !take_member(one[0], tier.id) || !take_member(one[1], tier.title))
      return false;
    tiers.push_back(std::move(tier));
  }
  return true;
}

bool take_membership(const json& one, PatreonMembership& membership) {
  return one.is_array() && one.size() == 4 && take_member(one[0], membership.campaign) &&
         take_member(one[1], membership.status) && take_time(one[2], membership.cents) &&
         take_tiers(one[3], membership.tiers);
}

}  // namespace

const PatreonMembership* membership_to_tell(const PatreonStanding& standing,
                                            const std::vector<std::string>& campaigns) {
  const PatreonMembership* any = nullptr;
  for (const std::string& campaign : campaigns) {
    for (const PatreonMembership& one : standing.memberships) {
      if (one.campaign != campaign) continue;
      if (one.status == kActivePatron) return &one;
      if (any == nullptr) any = &one;
    }
  }
  return any;
}

json patreon_member(const PatreonStanding& standing) {
  json memberships = json::array();
  for (const PatreonMembership& one : standing.memberships) {
    json tiers = json::array();
    for (const PatreonTier& tier : one.tiers) tiers.push_back(json::array({tier.id, tier.title}));
    memberships.push_back(json::array({one.campaign, one.status, one.cents, std::move(tiers)}));
  }
  const bool has_account = standing.kind == PatreonStanding::Kind::known;
  return json::array({standing.checked_at_ms, has_account, std::move(memberships)});
}

std::optional<PatreonStanding> take_patreon_member(const json& member) {
  PatreonStanding standing;
  bool has_account = false;
  const bool is_whole = member.is_array() && member.size() == 3 && take_time(member[0], standing.checked_at_ms) &&
                        take_member(member[1], has_account) && member[2].is_array();
  if (!is_whole) return std::nullopt;
  standing.kind = has_account ? PatreonStanding::Kind::known : PatreonStanding::Kind::no_account;
  for (const json& one : member[2]) {
    PatreonMembership membership;
    if (!take_membership(one, membership)) return std::nullopt;
    standing.memberships.push_back(std::move(membership));
  }
  return standing;
}

}  // namespace lp
