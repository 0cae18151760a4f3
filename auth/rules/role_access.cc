#include "auth/rules/role_access.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "auth/rules/authorize.h"
#include "auth/rules/certainty.h"

namespace lp {
namespace {

using Kind = Requirement::Kind;

bool is_group(Kind kind) { return kind == Kind::all || kind == Kind::any || kind == Kind::none; }

Certainty judge(const Requirement& requirement, const Principal& who) {
  return certainty_of(requirement, [&who](const Requirement& leaf) {
    if (leaf.kind != Kind::roles) return Certainty::open;
    return holds(leaf, who, 0) ? Certainty::yes : Certainty::no;
  });
}

}  // namespace

RoleAccess access_of_role(const RouteSettings& route, std::string_view role) {
  if (route.access == Access::deny) return RoleAccess::no;
  nlohmann::json claims = {{"roles", nlohmann::json::array()}};
  if (!role.empty()) claims["roles"].push_back(role);
  Principal who;
  who.sub = "somebody";
  who.claims = &claims;
  const Certainty refused = route.deny.empty() ? Certainty::no : judge(route.deny, who);
  Certainty met = judge(route.require, who);
  if (met == Certainty::yes) met = judge(route.organization.rule, who);
  if (refused == Certainty::yes || met == Certainty::no) return RoleAccess::no;
  return refused == Certainty::no && met == Certainty::yes ? RoleAccess::yes : RoleAccess::depends;
}

std::vector<std::string> roles_in_rules(const Settings& settings) {
  std::set<std::string> roles;
  for (const RouteSettings& route : settings.routes) {
    for (const Requirement* root : {&route.require, &route.deny}) {
      for_each_requirement(*root, [&](const Requirement& one) {
        if (one.kind == Kind::roles) roles.insert(one.any_of.begin(), one.any_of.end());
      });
    }
  }
  return {roles.begin(), roles.end()};
}

std::vector<std::string> rules_beyond_roles(const RouteSettings& route) {
  std::vector<std::string> rules;
  const auto collect = [&](const Requirement& root, const std::string& before) {
    for_each_requirement(root, [&](const Requirement& one) {
      if (is_group(one.kind) || one.kind == Kind::roles) return;
      std::string text = before + describe_requirement(one, Audience::operators);
      if (std::find(rules.begin(), rules.end(), text) == rules.end()) rules.push_back(std::move(text));
    });
  };
  collect(route.organization.rule, "");
  collect(route.require, "");
  collect(route.deny, "deny: ");
  return rules;
}

}  // namespace lp
