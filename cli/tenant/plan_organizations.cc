#include "cli/tenant/plan_organizations.h"

#include <string>
#include <utility>

#include "cli/tenant/json_merge.h"

namespace lp {
namespace {

using nlohmann::json;

TenantStep step_of_organization_scope(const TenantScope& wanted, const json* there) {
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::organization_scopes, "organization scope " + wanted.name,
                  "provision.organization_roles", wanted.reason};
  if (there != nullptr) return step;
  step.kind = TenantStep::Kind::create;
  step.method = "POST";
  step.path = "/api/organization-scopes";
  step.body = {{"name", wanted.name}, {"description", wanted.reason.empty() ? wanted.name : wanted.reason}};
  return step;
}

TenantStep step_of_organization_role(const TenantOrganizationRole& wanted, const json* there) {
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::organization_roles, "organization role " + wanted.name,
                  wanted.key, wanted.reason};
  if (there == nullptr) {
    step.kind = TenantStep::Kind::create;
    step.method = "POST";
    step.path = "/api/organization-roles";
    step.body = {{"name", wanted.name},
                 {"description", wanted.description.empty() ? wanted.name : wanted.description},
                 {"type", "User"}};
  } else if (!wanted.description.empty() && text_at(*there, "description") != wanted.description) {
    step.kind = TenantStep::Kind::change;
    step.lines = difference({{"description", text_at(*there, "description")}}, {{"description", wanted.description}});
    step.method = "PATCH";
    step.path = "/api/organization-roles/" + id_in_path(*there);
    step.body = {{"description", wanted.description}};
  }
  return step;
}

// What the role has besides stays.
TenantStep step_of_scopes(const TenantOrganizationRole& wanted, const TenantState& state, const json* there) {
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::organization_roles,
                  "scopes of organization role " + wanted.name, wanted.key};
  const json has = there != nullptr && there->contains("scopes") ? (*there)["scopes"] : json::array();
  json ids = json::array();
  bool can_be_said = there != nullptr;
  for (const std::string& name : wanted.scopes) {
    if (find_by(has, "name", name) != nullptr) continue;
    step.lines.push_back("+ " + name);
    const json* scope = find_by(state.organization_scopes, "name", name);
    can_be_said = can_be_said && scope != nullptr;
    if (scope != nullptr) ids.push_back(text_at(*scope, "id"));
  }
  if (step.lines.empty()) return step;
  step.kind = TenantStep::Kind::change;
  if (!can_be_said) return step;
  step.method = "POST";
  step.path = "/api/organization-roles/" + id_in_path(*there) + "/scopes";
  step.body = {{"organizationScopeIds", std::move(ids)}};
  return step;
}

}  // namespace

void plan_organizations(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan) {
  for (const TenantScope& scope : wanted.organization_scopes)
    plan.steps.push_back(step_of_organization_scope(scope, find_by(state.organization_scopes, "name", scope.name)));
  for (const TenantOrganizationRole& role : wanted.organization_roles) {
    const json* there = find_by(state.organization_roles, "name", role.name);
    if (there != nullptr && text_at(*there, "type") == "MachineToMachine") {
      plan.problems.push_back(role.key + ": the tenant has an organization role " + role.name +
                              " for machines, which people cannot have: rename one of them");
      continue;
    }
    plan.steps.push_back(step_of_organization_role(role, there));
    if (!role.scopes.empty()) plan.steps.push_back(step_of_scopes(role, state, there));
  }
}

}  // namespace lp
