#include "cli/tenant/plan_sign_in.h"

#include <algorithm>
#include <utility>

#include "base/one_of.h"
#include "cli/tenant/json_merge.h"
#include "cli/tenant/sign_in_methods.h"

namespace lp {
namespace {

using nlohmann::json;

TenantStep step_of(const TenantConnector& wanted, TenantStep::Kind kind) {
  return {kind, TenantPart::connectors, "connector " + wanted.target + " (id " + wanted.id + ")", wanted.key};
}

json switches_of(const TenantConnector& wanted) {
  json switches = json::object();
  if (wanted.sync_profile) switches["syncProfile"] = *wanted.sync_profile;
  if (wanted.token_storage) switches["enableTokenStorage"] = *wanted.token_storage;
  return switches;
}

TenantStep creation_of_connector(const TenantConnector& wanted) {
  TenantStep step = step_of(wanted, TenantStep::Kind::create);
  json body = switches_of(wanted);
  body["id"] = wanted.id;
  body["connectorId"] = wanted.factory;
  body["config"] = wanted.config;
  if (!wanted.metadata.empty()) body["metadata"] = wanted.metadata;
  step.lines = difference(json::object(), wanted.config, "config", true);
  step.lines.insert(step.lines.begin(), "factory: " + wanted.factory);
  step.method = "POST";
  step.path = "/api/connectors";
  step.body = std::move(body);
  return step;
}

// Logto judges and replaces a configuration whole (Logto fact 28).
TenantStep change_of_connector(const TenantConnector& wanted, const json& there) {
  TenantStep step = step_of(wanted, TenantStep::Kind::unchanged);
  step.object = "connector " + wanted.target + " (id " + text_at(there, "id") + ")";
  const json config = merged(object_at(there, "config"), wanted.config);
  const json metadata = merged(object_at(there, "metadata"), wanted.metadata);
  if (config != object_at(there, "config")) step.body["config"] = config;
  if (metadata != object_at(there, "metadata")) step.body["metadata"] = metadata;
  const json switches = switches_of(wanted);
  for (const auto& [name, value] : switches.items()) {
    if (!there.contains(name) || there[name] != value) step.body[name] = value;
  }
  if (step.body.is_null()) return step;
  step.kind = TenantStep::Kind::change;
  step.lines = difference(object_at(there, "config"), config, "config", true);
  for (std::string& line : difference(object_at(there, "metadata"), metadata, "metadata"))
    step.lines.push_back(std::move(line));
  for (const auto& [name, value] : switches.items()) {
    if (step.body.contains(name)) step.lines.push_back(name + ": " + value.dump());
  }
  step.method = "PATCH";
  step.path = "/api/connectors/" + id_in_path(there);
  return step;
}

// "": this connector can be made to be like the one that is there.
std::string conflict_of(const TenantConnector& wanted, const json& there) {
  if (text_at(there, "connectorId") == wanted.factory) return "";
  const bool by_id = text_at(there, "id") == wanted.id && text_at(there, "target") != wanted.target;
  return wanted.key + ": the tenant has a connector of the factory " + text_at(there, "connectorId") + " with the " +
         (by_id ? "id " + wanted.id + ": choose another id"
                : "target " + wanted.target + ", and no two may have one target") +
         " (or delete that one in Logto's Console: people keep their accounts as long as the target stays the same)";
}

// Logto has one connector for e-mail and one for SMS: when another is made, it takes the first away.
std::string displaced_by(const TenantConnector& wanted, const json* there, const TenantState& state) {
  if (is_social(wanted) || there != nullptr) return "";
  const json* other = find_by(state.connectors, "type", wanted.type);
  if (other == nullptr) return "";
  return wanted.key + ": the tenant has a connector of the factory " + text_at(*other, "connectorId") +
         ", which Logto would take away, for it has one of the type " + wanted.type +
         " alone: delete that one in Logto's Console first, or take this one out";
}

// Members that change how people sign in; none: they stay. A method that is there is a way in: false asks for no more.
json wanted_methods(const WantedTenant& wanted, const TenantState& state) {
  if (!wanted.social_only) return json::object();
  if (*wanted.social_only) return methods_of_nobody();
  if (!has_no_methods(state.sign_in)) return json::object();
  json before = methods_before(wanted, state);
  return before.empty() ? usual_methods() : before;
}

// Methods are told in words: nobody reads what their list of objects takes away.
std::vector<std::string> lines_of_experience(const json& before, json body) {
  if (!body.contains("signIn")) return difference(before, body);
  std::vector<std::string> lines = method_lines(before, body);
  if (!lines.empty()) body.erase("signIn");
  for (std::string& line : difference(before, body)) lines.push_back(std::move(line));
  return lines;
}

}  // namespace

const json* find_connector(const TenantConnector& wanted, const TenantState& state) {
  if (const json* found = find_by(state.connectors, "id", wanted.id)) return found;
  if (!is_social(wanted)) return find_by(state.connectors, "connectorId", wanted.factory);
  return find_by(state.connectors, "target", wanted.target);
}

void plan_connectors(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan) {
  for (const TenantConnector& connector : wanted.connectors) {
    const json* there = find_connector(connector, state);
    if (const std::string other = displaced_by(connector, there, state); !other.empty()) {
      plan.problems.push_back(other);
    } else if (there == nullptr) {
      plan.steps.push_back(creation_of_connector(connector));
    } else if (const std::string conflict = conflict_of(connector, *there); !conflict.empty()) {
      plan.problems.push_back(conflict);
    } else {
      plan.steps.push_back(change_of_connector(connector, *there));
    }
  }
  for (const std::string& target : wanted.needed_targets) {
    const bool is_made = is_one_of(target, wanted.button_order);
    if (is_made || find_by(state.connectors, "target", target) != nullptr) continue;
    plan.problems.push_back("provision.connectors: routes send people to social:" + target +
                            ", which neither this file nor the tenant has: add it");
  }
}

void plan_sign_in_experience(const WantedTenant& wanted, const TenantState& state, TenantPlan& plan) {
  TenantStep step{TenantStep::Kind::unchanged, TenantPart::sign_in, "sign-in experience", "provision.sign_in"};
  const json& there = state.sign_in;
  json fields = merged(merged(there, wanted.sign_in), wanted_methods(wanted, state));
  const auto buttons = there.contains("socialSignInConnectorTargets")
                           ? texts_of_json(there["socialSignInConnectorTargets"])
                           : std::vector<std::string>();
  if (!wanted.button_order.empty()) fields["socialSignInConnectorTargets"] = with_missing(wanted.button_order, buttons);
  if (text_at(fields, "unknownSessionRedirectUrl").empty() && !wanted.unknown_session_url.empty())
    fields["unknownSessionRedirectUrl"] = wanted.unknown_session_url;
  json before = json::object();
  for (const auto& [name, value] : fields.items()) {
    if (there.contains(name) && there[name] == value) continue;
    step.body[name] = value;
    before[name] = there.contains(name) ? there[name] : json();
  }
  if (!step.body.is_null()) {
    step.kind = TenantStep::Kind::change;
    step.lines = lines_of_experience(before, step.body);
    step.method = "PATCH";
    step.path = "/api/sign-in-exp";
  }
  plan.steps.push_back(std::move(step));
}

}  // namespace lp
