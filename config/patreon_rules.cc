#include "config/patreon_rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/one_of.h"

namespace lp {
namespace {

// Visits each rule on a membership.
template <class Visit>
void for_each_patreon_rule(const RouteSettings& route, const Visit& visit) {
  for (const Requirement* root : {&route.require, &route.deny}) {
    for_each_requirement(*root, [&](const Requirement& rule) {
      if (rule.kind == Requirement::Kind::patreon) visit(rule.patreon);
    });
  }
}

struct PatreonHeader {
  std::string_view name;
  std::string_view says;  // see auth/identity/patreon_headers.h
};
constexpr std::array kPatreonHeaders = {
    PatreonHeader{"X-Patreon-Campaign", "campaign"}, PatreonHeader{"X-Patreon-Tier", "tier"},
    PatreonHeader{"X-Patreon-Tier-Id", "tier_id"},   PatreonHeader{"X-Patreon-Cents", "cents"},
    PatreonHeader{"X-Patreon-Status", "status"},
};

}  // namespace

bool asks_patreon(const RouteSettings& route) {
  bool asks = false;
  for_each_patreon_rule(route, [&](const PatreonTest&) { asks = true; });
  return asks;
}

bool asks_patreon(const Settings& settings) {
  return std::any_of(settings.routes.begin(), settings.routes.end(),
                     [](const RouteSettings& route) { return asks_patreon(route); });
}

std::vector<std::string> patreon_campaigns(const RouteSettings& route) {
  std::vector<std::string> campaigns;
  for_each_patreon_rule(route, [&](const PatreonTest& test) {
    if (!is_one_of(test.campaign, campaigns)) campaigns.push_back(test.campaign);
  });
  return campaigns;
}

std::set<std::string> patreon_campaigns(const Settings& settings) {
  std::set<std::string> campaigns;
  for (const RouteSettings& route : settings.routes) {
    for_each_patreon_rule(route, [&](const PatreonTest& test) { campaigns.insert(test.campaign); });
  }
  return campaigns;
}

std::vector<IdentityHeaderSettings> patreon_headers(const RouteSettings& route) {
  std::string campaigns;
  for (const std::string& one : patreon_campaigns(route)) campaigns.append(campaigns.empty() ? "" : ",").append(one);
  std::vector<IdentityHeaderSettings> headers;
  if (campaigns.empty()) return headers;
  for (const PatreonHeader& row : kPatreonHeaders) {
    IdentityHeaderSettings header;
    header.header = row.name;
    header.source = IdentityHeaderSettings::Source::patreon;
    header.claim = row.says;
    header.constant = campaigns;
    headers.push_back(std::move(header));
  }
  return headers;
}

}  // namespace lp
