#include "auth/rules/patreon.h"

#include <algorithm>

#include "base/one_of.h"

namespace lp {
namespace {

constexpr std::int64_t kRefusedMs = kMinute;

bool has_tier(const PatreonTest& test, const PatreonMembership& membership) {
  return test.tiers.empty() ||
         std::any_of(membership.tiers.begin(), membership.tiers.end(), [&](const PatreonTier& tier) {
           return is_one_of(tier.id, test.tiers) || (!tier.title.empty() && is_one_of(tier.title, test.tiers));
         });
}

bool is_enough(const PatreonTest& test, const PatreonMembership& membership) {
  return membership.campaign == test.campaign && (!test.active || membership.status == kActivePatron) &&
         membership.cents >= test.min_cents && has_tier(test, membership);
}

const PatreonMembership* membership_in(const PatreonStanding& standing, const std::string& campaign) {
  const auto found = std::find_if(standing.memberships.begin(), standing.memberships.end(),
                                  [&](const PatreonMembership& one) { return one.campaign == campaign; });
  return found == standing.memberships.end() ? nullptr : &*found;
}

std::string with_commas(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

bool asks_below(const Requirement& requirement) {
  bool asks = false;
  for_each_requirement(requirement,
                       [&](const Requirement& one) { asks = asks || one.kind == Requirement::Kind::patreon; });
  return asks;
}

bool asks_below_not(const Requirement& requirement) {
  if (requirement.kind == Requirement::Kind::none) return asks_below(requirement);
  return std::any_of(requirement.children.begin(), requirement.children.end(), asks_below_not);
}

}  // namespace

bool patreon_holds(const PatreonTest& test, const PatreonStanding* standing) {
  return standing != nullptr && standing->kind == PatreonStanding::Kind::known &&
         std::any_of(standing->memberships.begin(), standing->memberships.end(),
                     [&](const PatreonMembership& one) { return is_enough(test, one); });
}

std::string describe_patreon(const PatreonTest& test, bool tells_amount) {
  std::string text = test.active ? "an active Patreon membership" : "a Patreon membership";
  if (test.tiers.size() == 1) text = "the Patreon tier " + test.tiers.front();
  if (test.tiers.size() > 1) text = "one of the Patreon tiers " + with_commas(test.tiers);
  text += " of campaign " + test.campaign;
  if (test.min_cents <= 0) return text;
  return text + (tells_amount ? " for " + std::to_string(test.min_cents) + " cents or more" : " with a larger pledge");
}

std::string seen_at_patreon(const PatreonTest& test, const PatreonStanding* standing) {
  if (standing == nullptr) return "nothing known of Patreon";
  if (standing->kind == PatreonStanding::Kind::no_account) return "no Patreon account that Logto has a token of";
  const PatreonMembership* membership = membership_in(*standing, test.campaign);
  if (membership == nullptr) return "no membership of campaign " + test.campaign;
  std::string text = "campaign " + test.campaign + ": ";
  text += (membership->status.empty() ? "no patron" : membership->status) + ", " + std::to_string(membership->cents) +
          " cents";
  for (const PatreonTier& tier : membership->tiers) {
    text += &tier == &membership->tiers.front() ? ", tiers " : ", ";
    text += tier.title.empty() ? tier.id : tier.title + " (id " + tier.id + ")";
  }
  return text;
}

PatreonFreshness patreon_freshness(const PatreonStanding* standing, std::int64_t signed_in_at_ms, bool is_refused,
                                   const PatreonSettings& settings, std::int64_t now_ms) {
  PatreonFreshness freshness;
  if (standing == nullptr) return freshness;
  const std::int64_t age_ms = now_ms - standing->checked_at_ms;
  const std::int64_t counts_ms = is_refused ? std::min(settings.recheck_ms, kRefusedMs) : settings.recheck_ms;
  const bool is_of_this_sign_in = standing->checked_at_ms >= signed_in_at_ms;
  freshness.is_fresh = is_of_this_sign_in && age_ms >= 0 && age_ms < counts_ms;
  const bool says_something = is_of_this_sign_in || standing->kind == PatreonStanding::Kind::known;
  freshness.may_be_held = says_something && age_ms < settings.recheck_ms + settings.hold_when_away_ms;
  return freshness;
}

bool is_refused_by_patreon(const RouteSettings& route, const Authorization& judged) {
  if (judged.by_deny_rule) return asks_below(route.deny);
  return std::any_of(judged.missing.begin(), judged.missing.end(),
                     [](const Requirement* one) { return asks_below(*one); });
}

bool patreon_may_refuse(const RouteSettings& route) { return asks_below(route.deny) || asks_below_not(route.require); }

}  // namespace lp
