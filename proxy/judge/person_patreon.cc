#include "proxy/judge/person_patreon.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace lp {
namespace {

using nlohmann::json;

constexpr const char* kExpectedForm =
    "patreon: expected memberships such as [{\"campaign\": \"123\", \"tiers\": [\"Gold\"], \"cents\": 500}], or null";

// Ids are written as numbers too.
Result<std::string> id_text(const json& value) {
  if (value.is_number_unsigned()) return std::to_string(value.get<std::uint64_t>());
  if (value.is_string()) return value.get<std::string>();
  return fail(kExpectedForm);
}

Result<PatreonTier> tier_of(const json& written) {
  if (!written.is_object()) {
    auto text = id_text(written);
    if (!text) return text.error();
    return PatreonTier{*text, *text};
  }
  PatreonTier tier;
  for (const auto& [name, value] : written.items()) {
    auto text = id_text(value);
    if (!text || (name != "id" && name != "title")) return fail(kExpectedForm);
    (name == "id" ? tier.id : tier.title) = std::move(*text);
  }
  return tier;
}

Result<void> take_part(const std::string& name, const json& value, PatreonMembership& membership) {
  if (name == "campaign") {
    auto id = id_text(value);
    if (!id) return id.error();
    membership.campaign = std::move(*id);
  } else if (name == "status" && (value.is_string() || value.is_null())) {
    membership.status = value.is_null() ? std::string() : value.get<std::string>();
  } else if (name == "cents" && value.is_number_unsigned()) {
    membership.cents = value.get<std::int64_t>();
  } else if (name == "tiers" && value.is_array()) {
    for (const json& one : value) {
      auto tier = tier_of(one);
      if (!tier) return tier.error();
      membership.tiers.push_back(std::move(*tier));
    }
  } else {
    return fail(kExpectedForm);
  }
  return {};
}

Result<PatreonMembership> membership_written(const json& written) {
  if (!written.is_object()) return fail(kExpectedForm);
  PatreonMembership membership;
  membership.status = kActivePatron;
  for (const auto& [name, value] : written.items()) {
    if (auto taken = take_part(name, value, membership); !taken) return taken.error();
  }
  if (membership.campaign.empty()) return fail(kExpectedForm);
  return membership;
}

}  // namespace

Result<std::shared_ptr<const PatreonStanding>> patreon_of_person(const json& written, std::int64_t now_s) {
  PatreonStanding standing;
  standing.checked_at_ms = now_s * 1000;
  if (written.is_null()) standing.kind = PatreonStanding::Kind::no_account;
  const json list = written.is_array() ? written : written.is_null() ? json::array() : json::array({written});
  for (const json& one : list) {
    auto membership = membership_written(one);
    if (!membership) return membership.error();
    standing.memberships.push_back(std::move(*membership));
  }
  return std::make_shared<const PatreonStanding>(std::move(standing));
}

}  // namespace lp
