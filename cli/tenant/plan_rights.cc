#include "cli/tenant/plan_rights.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/one_of.h"
#include "cli/tenant/json_merge.h"

namespace lp {
namespace {

using nlohmann::json;

// Members of `fields` that differ from what is there, as a PATCH.
void fill_change(TenantStep& step, const json& there, const json& fields, std::string path) {
  json before = json::object();
  for (const auto& [name, value] : fields.items()) {
    if (there.contains(name) && there[name] == value) continue;
    step.body[name] = value;
    before[name] = there.contains(name) ? there[name] : json();
  }
  if (step.body.is_null()) return;
  step.kind = TenantStep::Kind::change;
  step.lines = difference(before, step.body);
  step.method = "PATCH";
  step.path = std::move(path);
}

TenantStep step_of_resource(const TenantResource& wanted, const json* there) {
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::resources, "API resource " + wanted.indicator, wanted.key,
                  wanted.reason};
  json fields = json::object();
  if (!wanted.name.empty()) fields["name"] = wanted.name;
  if (wanted.ttl_s) fields["accessTokenTtl"] = *wanted.ttl_s;
  if (there != nullptr) {
    fill_change(step, *there, fields, "/api/resources/" + id_in_path(*there));
    return step;
  }
  step.kind = TenantStep::Kind::create;
  step.lines = difference(json::object(), fields);
  fields["name"] = wanted.name.empty() ? wanted.indicator : wanted.name;
  fields["indicator"] = wanted.indicator;
  step.method = "POST";
  step.path = "/api/resources";
  step.body = std::move(fields);
  return step;
}

const json* find_scope(const json* resource, const std::string& name) {
  if (resource == nullptr || !resource->contains("scopes")) return nullptr;
  return find_by((*resource)["scopes"], "name", name);
}

TenantStep step_of_scope(const TenantResource& resource, const TenantScope& scope, const json* there) {
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::resources,
                  "scope " + scope.name + " of " + resource.indicator, resource.key, scope.reason};
  if (find_scope(there, scope.name) != nullptr) return step;
  step.kind = TenantStep::Kind::create;
  if (there == nullptr) return step;
  step.method = "POST";
  step.path = "/api/resources/" + id_in_path(*there) + "/scopes";
  step.body = {{"name", scope.name}, {"description", scope.reason.empty() ? scope.name : scope.reason}};
  return step;
}

// Of all API resources in the file that have one of these scopes; nullopt: one is not there yet.
std::optional<std::vector<std::string>> scope_ids(const WantedTenant& wanted, const TenantState& state,
                                                  const TenantRole& role) {
  std::vector<std::string> ids;
  for (const TenantResource& resource : wanted.resources) {
    const json* there = find_by(state.resources, "indicator", resource.indicator);
    for (const TenantScope& scope : resource.scopes) {
      if (!is_one_of(scope.name, role.scopes)) continue;
      const json* found = find_scope(there, scope.name);
      if (found == nullptr) return std::nullopt;
      ids.push_back(text_at(*found, "id"));
    }
  }
  return ids;
}

TenantStep step_of_role(const TenantRole& wanted, const json* there) {
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::roles, "role " + wanted.name, wanted.key, wanted.reason};
  json fields = json::object();
  if (!wanted.description.empty()) fields["description"] = wanted.description;
  if (wanted.is_default) fields["isDefault"] = *wanted.is_default;
  if (there != nullptr) {
    fill_change(step, *there, fields, "/api/roles/" + id_in_path(*there));
    return step;
  }
  step.kind = TenantStep::Kind::create;
  step.lines = difference(json::object(), fields);
  fields["name"] = wanted.name;
  fields["type"] = "User";
  if (wanted.description.empty()) fields["description"] = wanted.name;  // Logto wants one
  step.method = "POST";
  step.path = "/api/roles";
  step.body = std::move(fields);
  return step;
}

TenantStep step_of_role_scopes(const WantedTenant& wanted, const TenantState& state, const TenantRole& role,
                               const json* there) {
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::roles, "scopes of role " + role.name, role.key};
  const std::string id = there == nullptr ? "" : text_at(*there, "id");
  const auto known = state.role_scopes.find(id);
  const json has = known == state.role_scopes.end() ? json::array() : known->second;
  for (const std::string& name : role.scopes) {
    if (find_by(has, "name", name) == nullptr) step.lines.push_back("+ " + name);
  }
  const auto ids = scope_ids(wanted, state, role);
  std::vector<std::string> missing;
  for (const std::string& one : ids.value_or(std::vector<std::string>())) {
    if (find_by(has, "id", one) == nullptr) missing.push_back(one);
  }
  if (ids && missing.empty() && there != nullptr) {
    step.lines.clear();
    return step;
  }
  step.kind = TenantStep::Kind::change;
  if (!ids || there == nullptr) return step;
  step.method = "POST";
  step.path = "/api/roles/" + id + "/scopes";
  step.body = {{"scopeIds", missing}};
  return step;
}

const std::vector<std::string> kHookEvents = {"User.Deleted", "User.SuspensionStatus.Updated"};

// Logto lets any number have one address, and tells each: it is known by its address (Logto fact 30).
const json* find_hook(const TenantHook& wanted, const TenantState& state) {
  for (const json& hook : state.hooks) {
    if (text_at(object_at(hook, "config"), "url") == wanted.url) return &hook;
  }
  return nullptr;
}

}  // namespace

void plan_resources(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan) {
  for (const TenantResource& resource : wanted.resources) {
    const json* there = find_by(state.resources, "indicator", resource.indicator);
    plan.steps.push_back(step_of_resource(resource, there));
    for (const TenantScope& scope : resource.scopes) plan.steps.push_back(step_of_scope(resource, scope, there));
  }
}

void plan_roles(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan) {
  for (const TenantRole& role : wanted.roles) {
    const json* there = find_by(state.roles, "name", role.name);
    if (there != nullptr && text_at(*there, "type") == "MachineToMachine") {
      plan.problems.push_back(role.key + ": the tenant has a role " + role.name +
                              " for machines, which people cannot have: rename one of them");
      continue;
    }
    plan.steps.push_back(step_of_role(role, there));
    if (!role.scopes.empty()) plan.steps.push_back(step_of_role_scopes(wanted, state, role, there));
  }
}

void plan_hooks(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan) {
  for (const TenantHook& hook : wanted.hooks) {
    TenantStep step{TenantStep::Kind::unchanged, TenantPart::hooks, "webhook " + hook.url, hook.key,
                    "tells of suspended and deleted users"};
    if (const json* there = find_hook(hook, state)) {
      const auto events = there->contains("events") ? texts_of_json((*there)["events"]) : std::vector<std::string>();
      fill_change(step, *there, {{"events", with_missing(events, kHookEvents)}, {"enabled", true}},
                  "/api/hooks/" + id_in_path(*there));
    } else {
      step.kind = TenantStep::Kind::create;
      step.lines = difference(json::object(), {{"events", kHookEvents}});
      step.method = "POST";
      step.path = "/api/hooks";
      step.body = {
          {"name", "logto-proxy"}, {"events", kHookEvents}, {"config", {{"url", hook.url}}}, {"enabled", true}};
    }
    plan.steps.push_back(std::move(step));
  }
}

void plan_id_token_claims(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan) {
  if (wanted.id_token_claims.empty()) return;
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::id_token_claims, "claims of ID tokens",
                  "provision.id_token_claims"};
  const auto there = texts_of_json(state.id_token_claims);
  const auto all = with_missing(there, wanted.id_token_claims);
  if (all != there) {
    step.kind = TenantStep::Kind::change;
    step.lines = difference({{"claims", there}}, {{"claims", all}});
    step.method = "PUT";
    step.path = "/api/configs/id-token";
    step.body = {{"enabledExtendedClaims", all}};
  }
  plan.steps.push_back(std::move(step));
}

// As it is asked for: with their own access token people read what Logto keeps of them, the tokens of their networks
// among it. What an administrator has opened further stays open.
void plan_account_center(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan) {
  if (wanted.account_center.empty()) return;
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::account_center, "account centre", "routes",
                  wanted.account_center};
  json fields = object_at(state.account_center, "fields");
  const std::string social = text_at(fields, "social");
  if (social != "Edit" && social != "ReadOnly") fields["social"] = "ReadOnly";
  fill_change(step, state.account_center, {{"enabled", true}, {"fields", fields}}, "/api/account-center");
  plan.steps.push_back(std::move(step));
}

}  // namespace lp
