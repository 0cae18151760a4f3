#include "auth/rules/role_access.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "auth/rules/authorize.h"

namespace lp {
namespace {

using Kind = Requirement::Kind;

bool is_group(Kind kind) { return kind == Kind::all || kind == Kind::any || kind == Kind::none; }

RoleAccess opposite(RoleAccess access) {
  if (access == RoleAccess::depends) return access;
  return access == RoleAccess::yes ? RoleAccess::no : RoleAccess::yes;
}

// Kleene's three values: unknown unless the known children decide. `deciding` is what one child alone decides.
RoleAccess combined(const Requirement& group, const Principal& who, RoleAccess deciding);

RoleAccess judge(const Requirement& requirement, const Principal& who) {
  switch (requirement.kind) {
    case Kind::all:
      return combined(requirement, who, RoleAccess::no);
    case Kind::any:
      return combined(requirement, who, RoleAccess::yes);
    case Kind::none:
      return opposite(combined(requirement, who, RoleAccess::yes));
    case Kind::roles:
      return holds(requirement, who, 0) ? RoleAccess::yes : RoleAccess::no;
    default:
      return RoleAccess::depends;
  }
}

RoleAccess combined(const Requirement& group, const Principal& who, RoleAccess deciding) {
  RoleAccess result = opposite(deciding);
  for (const Requirement& child : group.children) {
    const RoleAccess one = judge(child, who);
    if (one == deciding) return deciding;
    if (one == RoleAccess::depends) result = one;
  }
  return result;
}

}  // namespace

RoleAccess access_of_role(const RouteSettings& route, std::string_view role) {
  if (route.access == Access::deny) return RoleAccess::no;
  nlohmann::json claims = {{"roles", nlohmann::json::array()}};
  if (!role.empty()) claims["roles"].push_back(role);
  Principal who;
  who.sub = "somebody";
  who.claims = &claims;
  const RoleAccess refused = route.deny.empty() ? RoleAccess::no : judge(route.deny, who);
  RoleAccess met = judge(route.require, who);
  if (met == RoleAccess::yes) met = judge(route.organization.rule, who);
  if (refused == RoleAccess::yes || met == RoleAccess::no) return RoleAccess::no;
  return refused == RoleAccess::no && met == RoleAccess::yes ? RoleAccess::yes : RoleAccess::depends;
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
