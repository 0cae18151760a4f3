#include "cli/logto/report.h"

#include <algorithm>
#include <string_view>

#include "cli/tenant/json_merge.h"

namespace lp {
namespace {

using nlohmann::ordered_json;
using StepKind = TenantStep::Kind;

struct KindWord {
  StepKind kind;
  const char* sign;
  const char* word;
};

constexpr KindWord kWords[] = {{StepKind::create, "+", "create"},
                               {StepKind::change, "~", "change"},
                               {StepKind::remove, "-", "remove"},
                               {StepKind::unchanged, "=", "unchanged"}};

const KindWord& word_for(StepKind kind) {
  return *std::find_if(std::begin(kWords), std::end(kWords), [&](const KindWord& one) { return one.kind == kind; });
}

struct PlaceAtNetwork {
  std::string_view target;
  std::string_view where;
};

constexpr PlaceAtNetwork kPlaces[] = {
    {"linkedin", "https://www.linkedin.com/developers/apps: your app, Auth, Authorized redirect URLs for your app"},
    {"patreon", "https://www.patreon.com/portal/registration/register-clients: your client, Redirect URIs"},
    {"google", "https://console.cloud.google.com/apis/credentials: your client, Authorized redirect URIs"},
    {"github", "https://github.com/settings/developers: your OAuth app, Authorization callback URL"}};

std::string where_at_network(const std::string& target) {
  for (const PlaceAtNetwork& place : kPlaces) {
    if (place.target == target) return std::string(place.where);
  }
  return "its page for developers, as a redirect URI";
}

std::string named_step(const TenantStep& step) {
  return step.object + (step.reason.empty() ? "" : " (" + step.reason + ")");
}

ordered_json step_json(const TenantStep& step) {
  ordered_json out = {{"action", word_for(step.kind).word}, {"object", step.object}, {"key", step.key}};
  if (!step.reason.empty()) out["reason"] = step.reason;
  if (!step.lines.empty()) out["lines"] = step.lines;
  return out;
}

}  // namespace

std::vector<CallbackUrl> callback_urls(const WantedTenant& wanted, const TenantState& state, const Origin& endpoint) {
  std::vector<CallbackUrl> urls;
  for (const TenantConnector& connector : wanted.connectors) {
    if (!is_social(connector)) continue;
    const nlohmann::json* there = find_connector(connector, state);
    const std::string id = there == nullptr ? connector.id : id_in_path(*there);
    urls.push_back({connector.target, endpoint.text() + "/callback/" + id, where_at_network(connector.target)});
  }
  return urls;
}

std::string step_line(const TenantStep& step) {
  const KindWord& word = word_for(step.kind);
  const std::string name = word.word;
  return std::string(word.sign) + " " + name + std::string(10 - name.size(), ' ') + named_step(step) + "\n";
}

std::string plan_text(const TenantPlan& plan) {
  std::string text;
  for (const TenantStep& step : plan.steps) {
    text += step_line(step);
    if (step.kind == StepKind::unchanged) continue;
    for (const std::string& line : step.lines) text += "              " + line + "\n";
  }
  for (const KindWord& word : kWords) {
    const auto count = std::count_if(plan.steps.begin(), plan.steps.end(),
                                     [&](const TenantStep& step) { return step.kind == word.kind; });
    if (count > 0) text += std::to_string(count) + " " + word.word + ", ";
  }
  if (text.ends_with(", ")) text.replace(text.size() - 2, 2, "\n");
  return text.empty() ? "nothing to do\n" : text;
}

std::string callback_text(const std::vector<CallbackUrl>& urls) {
  std::string text;
  for (const CallbackUrl& one : urls) text += "paste " + one.url + "\n  for " + one.target + " at " + one.where + "\n";
  return text;
}

std::string place_line(const CredentialPlace& place, bool is_dry) {
  using Outcome = CredentialPlace::Outcome;
  const std::string file = place.path.empty() ? "" : " " + place.path;
  if (place.outcome == Outcome::refused) return "failure   " + place.key + file + ": " + place.why + "\n";
  if (place.outcome == Outcome::shown && is_dry) return "+ print     " + place.key + "\n";
  if (place.outcome == Outcome::shown) return place.key + ": " + std::string(place.value.reveal()) + "\n";
  if (place.outcome == Outcome::unchanged) return "= unchanged " + place.key + file + "\n";
  return (is_dry ? "+ write     " : "written   ") + place.key + file + "\n";
}

ordered_json plan_json(const TenantPlan& plan) {
  ordered_json steps = ordered_json::array();
  for (const TenantStep& step : plan.steps) steps.push_back(step_json(step));
  return {{"changes", changes_in(plan)}, {"steps", std::move(steps)}};
}

ordered_json places_json(const std::vector<CredentialPlace>& places) {
  constexpr const char* kOutcomes[] = {"unchanged", "written", "refused", "shown"};
  ordered_json list = ordered_json::array();
  for (const CredentialPlace& place : places) {
    ordered_json one = {{"key", place.key}, {"outcome", kOutcomes[static_cast<int>(place.outcome)]}};
    if (!place.path.empty()) one["path"] = place.path;
    if (!place.why.empty()) one["why"] = place.why;
    if (!place.value.empty()) one["value"] = place.value.reveal();
    list.push_back(std::move(one));
  }
  return list;
}

ordered_json callbacks_json(const std::vector<CallbackUrl>& urls) {
  ordered_json list = ordered_json::array();
  for (const CallbackUrl& one : urls)
    list.push_back({{"connector", one.target}, {"url", one.url}, {"where", one.where}});
  return list;
}

ordered_json applied_json(const AppliedPlan& applied) {
  ordered_json out = {{"done", applied.done}};
  if (!applied.failure.empty()) out["failure"] = applied.failure;
  for (const auto& [name, steps] : {std::pair{"left", &applied.left}, std::pair{"not_kept", &applied.not_kept}}) {
    if (steps->empty()) continue;
    for (const TenantStep& step : *steps) out[name].push_back(step_json(step));
  }
  return out;
}

}  // namespace lp
