#include "cli/tenant/plan_applications.h"

#include <algorithm>
#include <utility>

#include "base/one_of.h"
#include "cli/tenant/json_merge.h"
#include "cli/tenant/marks.h"
#include "cli/tenant/sign_in_methods.h"

namespace lp {
namespace {

using nlohmann::json;

std::string object_of(const TenantApplication& wanted) { return "application " + wanted.name; }

// What the first application has to remember of the tenant.
struct Marks {
  std::vector<std::string> made;  // here
  json methods_before;            // social_only; empty: nothing to keep
};

// What is wanted and the tenant does not have yet.
std::vector<std::string> marks_of_missing(const WantedTenant& wanted, const TenantState& state) {
  std::vector<std::string> marks;
  for (const TenantConnector& connector : wanted.connectors) {
    if (find_connector(connector, state) == nullptr) marks.push_back(mark_of("connector", connector.id));
  }
  for (const TenantResource& resource : wanted.resources) {
    const json* there = find_by(state.resources, "indicator", resource.indicator);
    if (there == nullptr) marks.push_back(mark_of("resource", resource.indicator));
    for (const TenantScope& scope : resource.scopes) {
      const bool is_there =
          there != nullptr && there->contains("scopes") && find_by((*there)["scopes"], "name", scope.name) != nullptr;
      if (!is_there) marks.push_back(mark_of_scope(resource.indicator, scope.name));
    }
  }
  for (const TenantRole& role : wanted.roles) {
    if (find_by(state.roles, "name", role.name) == nullptr) marks.push_back(mark_of("role", role.name));
  }
  for (const TenantScope& scope : wanted.organization_scopes) {
    if (find_by(state.organization_scopes, "name", scope.name) == nullptr)
      marks.push_back(mark_of("organization_scope", scope.name));
  }
  for (const TenantOrganizationRole& role : wanted.organization_roles) {
    if (find_by(state.organization_roles, "name", role.name) == nullptr)
      marks.push_back(mark_of("organization_role", role.name));
  }
  const auto calls = [&](const std::string& url) {
    return std::any_of(state.hooks.begin(), state.hooks.end(),
                       [&](const json& hook) { return text_at(object_at(hook, "config"), "url") == url; });
  };
  for (const TenantHook& hook : wanted.hooks) {
    if (!calls(hook.url)) marks.push_back(mark_of("webhook", hook.url));
  }
  return marks;
}

// Those that we have put there and that are not wanted any more go; an administrator's stay.
std::vector<std::string> renewed(const std::vector<std::string>& there, const std::vector<std::string>& ours,
                                 const std::vector<std::string>& wanted) {
  std::vector<std::string> kept;
  for (const std::string& one : there) {
    if (!is_one_of(one, ours) || is_one_of(one, wanted)) kept.push_back(one);
  }
  return with_missing(std::move(kept), wanted);
}

// Of what is wanted, those that were there before are an administrator's.
std::vector<std::string> ours_of(const std::vector<std::string>& there, const std::vector<std::string>& ours,
                                 const std::vector<std::string>& wanted) {
  std::vector<std::string> all;
  for (const std::string& one : wanted) {
    if (is_one_of(one, ours) || !is_one_of(one, there)) all.push_back(one);
  }
  return all;
}

std::vector<std::string> uris_at(const json& application, const char* name) {
  const json metadata = object_at(application, "oidcClientMetadata");
  return metadata.contains(name) ? texts_of_json(metadata[name]) : std::vector<std::string>();
}

json metadata_of(const TenantApplication& wanted, const json& there) {
  json metadata = object_at(there, "oidcClientMetadata");
  metadata["redirectUris"] =
      renewed(uris_at(there, "redirectUris"), our_list(there, kOurRedirects), wanted.redirect_uris);
  metadata["postLogoutRedirectUris"] =
      renewed(uris_at(there, "postLogoutRedirectUris"), our_list(there, kOurSignOuts), wanted.post_logout_uris);
  metadata["backchannelLogoutUri"] = wanted.backchannel_uri;
  metadata["backchannelLogoutSessionRequired"] = true;  // else no token has a sid (Logto fact 2)
  return metadata;
}

json data_of(const TenantApplication& wanted, const json& there, const Marks& marks) {
  json data = object_at(there, "customData");
  json ours = object_at(data, kOurData);
  ours[kOurRedirects] = ours_of(uris_at(there, "redirectUris"), our_list(there, kOurRedirects), wanted.redirect_uris);
  ours[kOurSignOuts] =
      ours_of(uris_at(there, "postLogoutRedirectUris"), our_list(there, kOurSignOuts), wanted.post_logout_uris);
  const auto made = with_missing(our_list(there, kMadeHere), marks.made);
  if (!made.empty()) ours[kMadeHere] = made;
  if (!marks.methods_before.empty()) ours[kMethodsBefore] = marks.methods_before;
  data[kOurData] = std::move(ours);
  return data;
}

// Logto replaces each of these whole: all that is there goes along (Logto fact 28).
json fields_of(const TenantApplication& wanted, const json& there, const Marks& marks) {
  return {{"oidcClientMetadata", metadata_of(wanted, there)},
          {"customClientMetadata", merged(object_at(there, "customClientMetadata"), wanted.custom)},
          {"customData", data_of(wanted, there, marks)}};
}

std::vector<std::string> lines_of(const json& there, const json& fields) {
  std::vector<std::string> lines;
  for (const char* group : {"oidcClientMetadata", "customClientMetadata"}) {
    for (std::string& line : difference(object_at(there, group), fields[group])) lines.push_back(std::move(line));
  }
  if (lines.empty()) lines.emplace_back("customData.logtoProxy: what was made here is marked");
  return lines;
}

TenantStep creation_of(const TenantApplication& wanted, const Marks& marks) {
  json body = fields_of(wanted, json::object(), marks);
  TenantStep step{TenantStep::Kind::create, TenantPart::applications, object_of(wanted), "provision.application"};
  step.lines = lines_of(json::object(), body);
  body["name"] = wanted.name;
  body["type"] = "Traditional";
  body["description"] = "made by logto-proxy provision";
  body["customData"][kManagedBy] = kOurName;
  step.method = "POST";
  step.path = "/api/applications";
  step.body = std::move(body);
  return step;
}

TenantStep change_of(const TenantApplication& wanted, const json& there, const Marks& marks) {
  const json fields = fields_of(wanted, there, marks);
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::applications, object_of(wanted), "provision.application"};
  for (const auto& [name, value] : fields.items()) {
    if (!there.contains(name) || there[name] != value) step.body[name] = value;
  }
  if (step.body.is_null()) return step;
  step.kind = TenantStep::Kind::change;
  step.lines = lines_of(there, fields);
  step.method = "PATCH";
  step.path = "/api/applications/" + id_in_path(there);
  return step;
}

}  // namespace

const json* find_application(const TenantApplication& wanted, const TenantState& state) {
  if (!wanted.app_id.empty()) {
    if (const json* found = find_by(state.applications, "id", wanted.app_id)) return found;
  }
  for (const json& application : state.applications) {
    if (!was_made_here(application) || text_at(application, "name") != wanted.name) continue;
    const auto there = uris_at(application, "redirectUris");
    const auto is_wanted = [&](const std::string& uri) { return is_one_of(uri, there); };
    if (std::any_of(wanted.redirect_uris.begin(), wanted.redirect_uris.end(), is_wanted)) return &application;
  }
  return nullptr;
}

void plan_applications(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan) {
  Marks marks{marks_of_missing(wanted, state), methods_to_keep(wanted, state)};
  for (const TenantApplication& application : wanted.applications) {
    const json* there = find_application(application, state);
    const bool is_gone = there == nullptr && !application.app_id.empty() && !application.id_is_written;
    if (is_gone) {
      plan.problems.push_back(
          "logto.app_id: the tenant has no application " + application.app_id +
          ": correct it, name logto.app_id_file in its place, which is written then, or have a new one "
          "printed (--print-secrets)");
    } else if (there == nullptr) {
      plan.steps.push_back(creation_of(application, marks));
    } else if (text_at(*there, "type") != "Traditional") {
      plan.problems.push_back("logto.app_id: the application " + application.app_id + " is of the type " +
                              text_at(*there, "type") + ": people sign in by a traditional web application");
    } else {
      plan.steps.push_back(change_of(application, *there, marks));
    }
    marks = {};  // the first one keeps them
  }
}

namespace {

// Null: a role is not there yet.
json role_ids(const std::vector<std::string>& names, const TenantState& state) {
  json ids = json::array();
  for (const std::string& name : names) {
    const json* role = find_by(state.roles, "name", name);
    if (role == nullptr) return nullptr;
    ids.push_back(text_at(*role, "id"));
  }
  return ids;
}

TenantStep step_for_rules(const TenantApplication& wanted, const std::string& id, const TenantState& state) {
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::access_control, "access control of " + object_of(wanted),
                  "provision.application.roles"};
  const auto known = state.access_control.find(id);
  json rules = known == state.access_control.end() ? json::object() : known->second;
  const json ids = role_ids(wanted.roles, state);
  const auto there = rules.contains("userRoleIds") ? texts_of_json(rules["userRoleIds"]) : std::vector<std::string>();
  const auto all = with_missing(there, texts_of_json(ids));
  if (!ids.is_null() && all == there) return step;
  step.kind = TenantStep::Kind::change;
  for (const std::string& name : wanted.roles) step.lines.push_back("roles: " + name);
  if (ids.is_null() || id.empty()) return step;
  rules["userRoleIds"] = all;
  for (const char* name : {"userIds", "organizationIds", "organizationRoleRules"}) {
    if (!rules.contains(name)) rules[name] = json::array();
  }
  step.method = "PUT";
  step.path = "/api/applications/" + id + "/access-control";
  step.body = std::move(rules);
  return step;
}

// After the rules: Logto refuses to switch it on without any.
TenantStep step_for_switch(const TenantApplication& wanted, const json* there, bool has_rules) {
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::applications,
                  "access control switch of " + object_of(wanted), "provision.application.roles"};
  const bool is_on = there != nullptr && there->contains("appLevelAccessControlEnabled") &&
                     (*there)["appLevelAccessControlEnabled"] == true;
  if (is_on) return step;
  step.kind = TenantStep::Kind::change;
  step.lines.emplace_back("appLevelAccessControlEnabled: false -> true");
  if (there == nullptr || !has_rules) return step;
  step.method = "PATCH";
  step.path = "/api/applications/" + id_in_path(*there);
  step.body = {{"appLevelAccessControlEnabled", true}};
  return step;
}

}  // namespace

// Logto 1.37 has none, and its applications are without the switch.
bool has_access_control(const TenantState& state) {
  return std::all_of(state.applications.begin(), state.applications.end(),
                     [](const json& one) { return one.contains("appLevelAccessControlEnabled"); });
}

void plan_access_control(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan) {
  for (const TenantApplication& application : wanted.applications) {
    if (application.roles.empty()) continue;
    if (!has_access_control(state)) {
      plan.problems.emplace_back(
          "provision.application.roles: this version of Logto keeps no access control for applications (1.42 does): "
          "take the key out, and write require: { roles: [...] } at the routes");
      return;
    }
    const json* there = find_application(application, state);
    plan.steps.push_back(step_for_rules(application, there == nullptr ? "" : text_at(*there, "id"), state));
    const bool has_rules = plan.steps.back().kind == TenantStep::Kind::unchanged;
    plan.steps.push_back(step_for_switch(application, there, has_rules));
  }
}

}  // namespace lp
