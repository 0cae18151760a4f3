#include "cli/tenant/plan_removal.h"

#include <algorithm>
#include <utility>

#include "base/one_of.h"
#include "cli/tenant/json_merge.h"
#include "cli/tenant/marks.h"
#include "cli/tenant/sign_in_methods.h"

namespace lp {
namespace {

using nlohmann::json;

TenantStep removal(TenantPart part, std::string object, std::string path) {
  TenantStep step{TenantStep::Kind::remove, part, std::move(object)};
  step.method = "DELETE";
  step.path = std::move(path);
  return step;
}

// Of an application that was there before: our redirect URIs and our marks go, the rest stays.
TenantStep withdrawal(const json& application, const std::string& name) {
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::applications, "application " + name};
  json data = object_at(application, "customData");
  if (!data.contains(kOurData)) return step;
  json metadata = object_at(application, "oidcClientMetadata");
  for (const char* list : {kOurRedirects, kOurSignOuts}) {
    const auto ours = our_list(application, list);
    std::vector<std::string> kept;
    for (const std::string& uri : texts_of_json(metadata.contains(list) ? metadata[list] : json::array())) {
      if (!is_one_of(uri, ours)) kept.push_back(uri);
    }
    metadata[list] = kept;
  }
  data.erase(kOurData);
  step.kind = TenantStep::Kind::change;
  step.lines = difference(object_at(application, "oidcClientMetadata"), metadata);
  step.lines.emplace_back("was there before: it stays");
  step.method = "PATCH";
  step.path = "/api/applications/" + id_in_path(application);
  step.body = {{"oidcClientMetadata", std::move(metadata)}, {"customData", std::move(data)}};
  return step;
}

void remove_hooks(const std::vector<std::string>& marks, const TenantState& state, TenantPlan& plan) {
  for (const json& hook : state.hooks) {
    const std::string url = text_at(object_at(hook, "config"), "url");
    if (is_one_of(mark_of("webhook", url), marks))
      plan.steps.push_back(removal(TenantPart::hooks, "webhook " + url, "/api/hooks/" + id_in_path(hook)));
  }
}

void remove_roles(const std::vector<std::string>& marks, const TenantState& state, TenantPlan& plan) {
  for (const json& role : state.roles) {
    const std::string name = text_at(role, "name");
    if (is_one_of(mark_of("role", name), marks))
      plan.steps.push_back(removal(TenantPart::roles, "role " + name, "/api/roles/" + id_in_path(role)));
  }
}

void remove_organization_template(const std::vector<std::string>& marks, const TenantState& state, TenantPlan& plan) {
  for (const json& role : state.organization_roles) {
    const std::string name = text_at(role, "name");
    if (is_one_of(mark_of("organization_role", name), marks))
      plan.steps.push_back(removal(TenantPart::organization_roles, "organization role " + name,
                                   "/api/organization-roles/" + id_in_path(role)));
  }
  for (const json& scope : state.organization_scopes) {
    const std::string name = text_at(scope, "name");
    if (is_one_of(mark_of("organization_scope", name), marks))
      plan.steps.push_back(removal(TenantPart::organization_scopes, "organization scope " + name,
                                   "/api/organization-scopes/" + id_in_path(scope)));
  }
}

// An API resource takes its scopes along; of one that was there before those go that were made here.
void remove_resources(const std::vector<std::string>& marks, const TenantState& state, TenantPlan& plan) {
  for (const json& resource : state.resources) {
    const std::string indicator = text_at(resource, "indicator");
    const std::string path = "/api/resources/" + id_in_path(resource);
    if (is_one_of(mark_of("resource", indicator), marks)) {
      plan.steps.push_back(removal(TenantPart::resources, "API resource " + indicator, path));
      continue;
    }
    if (!resource.contains("scopes")) continue;
    for (const json& scope : resource["scopes"]) {
      const std::string name = text_at(scope, "name");
      if (is_one_of(mark_of_scope(indicator, name), marks))
        plan.steps.push_back(removal(TenantPart::resources, "scope " + name + " of " + indicator,
                                     path + "/scopes/" + id_in_path(scope)));
    }
  }
}

void remove_connectors(const std::vector<std::string>& marks, const TenantState& state, TenantPlan& plan) {
  for (const json& connector : state.connectors) {
    const std::string id = text_at(connector, "id");
    if (is_one_of(mark_of("connector", id), marks))
      plan.steps.push_back(removal(TenantPart::connectors,
                                   "connector " + text_at(connector, "target") + " (id " + id + ")",
                                   "/api/connectors/" + id_in_path(connector)));
  }
}

// First of all: without methods the connectors that go are people's only way in, to every application of the tenant.
void restore_methods(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan) {
  json before = methods_before(wanted, state);
  if (before.empty() || !has_no_methods(state.sign_in)) return;
  TenantStep step{TenantStep::Kind::change, TenantPart::sign_in, "sign-in experience"};
  step.lines = method_lines(state.sign_in, before);
  step.lines.emplace_back("as it was before social_only");
  step.method = "PATCH";
  step.path = "/api/sign-in-exp";
  step.body = std::move(before);
  plan.steps.push_back(std::move(step));
}

// A mark may be missing: somebody took it away, or the tenant had no methods when we came.
void keep_last_way_in(const std::vector<std::string>& marks, const TenantState& state, TenantPlan& plan) {
  if (!has_no_methods(state.sign_in) || !plan.steps.empty()) return;
  bool takes_one = false;
  const auto buttons = texts_of_json(state.sign_in.value("socialSignInConnectorTargets", json::array()));
  for (const json& connector : state.connectors) {
    if (!is_one_of(text_at(connector, "target"), buttons)) continue;
    if (!is_one_of(mark_of("connector", text_at(connector, "id")), marks)) return;
    takes_one = true;
  }
  if (takes_one)
    plan.problems.emplace_back(
        "the sign-in experience: only connectors that --destroy would remove sign people in, to every application of "
        "the tenant, and how they did before is not known: turn on a password or a code in Logto's Console, Sign-in "
        "experience, or run it with sign_in: { social_only: false } first");
}

}  // namespace

std::vector<std::string> marks_in(const WantedTenant& wanted, const TenantState& state) {
  std::vector<std::string> marks;
  for (const TenantApplication& application : wanted.applications) {
    if (const json* there = find_application(application, state))
      marks = with_missing(std::move(marks), our_list(*there, kMadeHere));
  }
  return marks;
}

void tell_left_over(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan) {
  const auto marks = marks_in(wanted, state);
  const auto stays = [&](TenantPart part, std::string object) {
    TenantStep step{TenantStep::Kind::unchanged, part, std::move(object)};
    step.reason = "made here, and no longer in this file: it stays; delete it in Logto's Console";
    plan.steps.push_back(std::move(step));
  };
  for (const json& connector : state.connectors) {
    const auto is_it = [&](const TenantConnector& one) { return find_connector(one, state) == &connector; };
    const std::string id = text_at(connector, "id");
    if (is_one_of(mark_of("connector", id), marks) && std::ranges::none_of(wanted.connectors, is_it))
      stays(TenantPart::connectors, "connector " + text_at(connector, "target") + " (id " + id + ")");
  }
  for (const json& role : state.roles) {
    const std::string name = text_at(role, "name");
    const auto is_it = [&](const TenantRole& one) { return one.name == name; };
    if (is_one_of(mark_of("role", name), marks) && std::ranges::none_of(wanted.roles, is_it))
      stays(TenantPart::roles, "role " + name);
  }
  for (const json& resource : state.resources) {
    const std::string indicator = text_at(resource, "indicator");
    const auto is_it = [&](const TenantResource& one) { return one.indicator == indicator; };
    if (is_one_of(mark_of("resource", indicator), marks) && std::ranges::none_of(wanted.resources, is_it))
      stays(TenantPart::resources, "API resource " + indicator);
  }
  for (const json& hook : state.hooks) {
    const std::string url = text_at(object_at(hook, "config"), "url");
    const auto is_it = [&](const TenantHook& one) { return one.url == url; };
    if (is_one_of(mark_of("webhook", url), marks) && std::ranges::none_of(wanted.hooks, is_it))
      stays(TenantPart::hooks, "webhook " + url);
  }
}

// The applications go last: they hold the marks, which a second run needs after an interruption.
TenantPlan plan_removal(const WantedTenant& wanted, const TenantState& state) {
  TenantPlan plan;
  const auto marks = marks_in(wanted, state);
  restore_methods(wanted, state, plan);
  keep_last_way_in(marks, state, plan);
  remove_hooks(marks, state, plan);
  remove_roles(marks, state, plan);
  remove_organization_template(marks, state, plan);
  remove_resources(marks, state, plan);
  remove_connectors(marks, state, plan);
  for (auto at = wanted.applications.rbegin(); at != wanted.applications.rend(); ++at) {
    const json* there = find_application(*at, state);
    if (there == nullptr) continue;
    plan.steps.push_back(was_made_here(*there) ? removal(TenantPart::applications, "application " + at->name,
                                                         "/api/applications/" + id_in_path(*there))
                                               : withdrawal(*there, at->name));
  }
  return plan;
}

}  // namespace lp
