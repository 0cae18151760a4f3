#include "cli/logto/examine_tenant.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "cli/logto/report.h"
#include "cli/logto/tenant_reader.h"
#include "cli/tenant/json_merge.h"
#include "cli/tenant/patreon_connector.h"
#include "config/patreon_rules.h"
#include "config/provision.h"
#include "config/realms.h"

namespace lp {
namespace {

using Level = DoctorFinding::Level;

// Each of them by itself: what differs is what somebody looks for.
void tell_plan(const TenantPlan& plan, const TellFinding& tell) {
  for (const std::string& problem : plan.problems)
    tell({Level::failure, "tenant", problem, "mend it, then see `logto-proxy provision --plan`"});
  for (const TenantStep& step : plan.steps) {
    if (step.kind == TenantStep::Kind::unchanged) continue;
    std::string lines;
    for (const std::string& line : step.lines) lines += (lines.empty() ? "" : "; ") + line;
    const std::string is_not = step.kind == TenantStep::Kind::create ? "lacks " : "is not what provision: says: ";
    const std::string why = step.reason.empty() ? "" : " (" + step.reason + ")";
    tell({Level::warning, "tenant", "the tenant " + is_not + step.object + why,
          "`logto-proxy provision` makes it so, and shows first what it would do", lines});
  }
  if (plan.problems.empty() && changes_in(plan) == 0) tell({Level::ok, "tenant", "the tenant is what provision: says"});
}

class TenantExamination {
 public:
  TenantExamination(const Settings& settings, const TellRealm& tell)
      : settings_(settings),
        tell_(tell),
        logto_(settings_of_realms(std::make_shared<const Settings>(settings)).front()->logto),
        api_(settings.provision->management, logto_) {}

  void run() {
    TenantProblems problems;
    const WantedTenant wanted = wanted_tenant(settings_, problems);
    for (const std::string& problem : problems) tell_("", {Level::failure, "provision", problem, "see the manual"});
    if (!problems.empty()) return;
    const auto signed_in = api_.sign_in();
    if (!signed_in) return cannot("provision.management: " + signed_in.error().text());
    const auto state = read_tenant(api_, wanted);
    if (!state) return cannot("the Management API: " + state.error().text());
    tell_plan(plan_tenant(wanted, *state), [this](const DoctorFinding& finding) { tell_("", finding); });
    if (asks_patreon(settings_)) tell_("", judge_patreon(*state, settings_.patreon.connector));
    ask_applications(wanted, *state);
    for (const TenantHook& hook : wanted.hooks) ask_hook(hook, *state);
    for (const CallbackUrl& one : callback_urls(wanted, *state, logto_.endpoint))
      tell_("", {Level::note, "callback_url", one.url + " must be registered for " + one.target + " at " + one.where});
  }

 private:
  void cannot(const std::string& what) { tell_("", {Level::failure, "management", what, "then ask again"}); }

  void ask_applications(const WantedTenant& wanted, const TenantState& state) {
    const auto realms = settings_of_realms(std::make_shared<const Settings>(settings_));
    for (std::size_t i = 0; i < realms.size() && i < wanted.applications.size(); ++i) {
      const nlohmann::json* application = find_application(wanted.applications[i], state);
      if (application == nullptr) continue;  // the plan says so
      tell_(wanted.applications[i].realm, judge_refresh_tokens(*application, realms[i]->logto));
      for (const DoctorFinding& finding : judge_who_may_come(*application, wanted.applications[i].roles))
        tell_(wanted.applications[i].realm, finding);
    }
  }

  // It is a sample of nobody: the webhook answers it as any event of a person who was never here.
  void ask_hook(const TenantHook& hook, const TenantState& state) {
    const auto is_it = [&](const nlohmann::json& one) { return text_at(object_at(one, "config"), "url") == hook.url; };
    if (const auto count = std::count_if(state.hooks.begin(), state.hooks.end(), is_it); count > 1)
      tell_("", {Level::warning, "webhook", "Logto has " + std::to_string(count) + " webhooks for " + hook.url,
                 "delete all but one in Logto's Console: each tells of everything, signed with a key of its own, and "
                 "the proxy knows one key"});
    for (const nlohmann::json& there : state.hooks) {
      if (text_at(object_at(there, "config"), "url") != hook.url) continue;
      const nlohmann::json body = {{"events", {"User.Deleted"}}, {"config", {{"url", hook.url}}}};
      tell_("", judge_hook_test(api_.call("POST", "/api/hooks/" + text_at(there, "id") + "/test", body), hook.url));
      return;
    }
  }

  const Settings& settings_;
  const TellRealm& tell_;
  const LogtoSettings logto_;
  ManagementApi api_;
};

}  // namespace

bool has_management(const Settings& settings) {
  return settings.provision && !settings.provision->management.app_id.empty() &&
         !settings.provision->management.app_secret.empty();
}

DoctorFinding judge_hook_test(const Result<nlohmann::json, ApiProblem>& answer, const std::string& url) {
  if (answer) return {Level::ok, "webhook", "Logto reaches " + url + ", and its signature holds"};
  const ApiProblem& problem = answer.error();
  if (problem.code == "hook.endpoint_responded_with_error")
    return {
        Level::failure, "webhook", "Logto reaches " + url + ", and is refused there",
        "400: logto.webhook_secret is not this webhook's signing key; 421: logto.backchannel_url names another Host; "
        "404: the proxy has no logto.webhook_secret",
        problem.message};
  if (problem.code == "hook.send_test_payload_failed")
    return {Level::warning, "webhook", "Logto cannot reach " + url,
            "is the proxy running? Else name an address that Logto reaches in logto.backchannel_url. To private "
            "addresses Logto posts no logout tokens unless SSRF_PROTECTION_DISABLED is set for it",
            problem.message};
  return {Level::warning, "webhook", "whether Logto reaches " + url + " cannot be said", "ask again later",
          problem.text()};
}

DoctorFinding judge_refresh_tokens(const nlohmann::json& application, const LogtoSettings& logto) {
  const nlohmann::json custom = object_at(application, "customClientMetadata");
  const bool always = custom.contains("alwaysIssueRefreshToken") && custom["alwaysIssueRefreshToken"] == true;
  if (logto.refresh == RefreshMode::off) return {Level::ok, "refresh_token", "logto.refresh is off"};
  if (always || logto.refresh == RefreshMode::offline_access)
    return {Level::ok, "refresh_token", "refresh tokens come to the application " + text_at(application, "name")};
  return {Level::warning, "refresh_token", "no refresh token comes to the application " + text_at(application, "name"),
          "switch on 'Always issue refresh token' in Logto, or set logto.refresh: offline_access; else sessions end or "
          "are revalidated by navigation alone"};
}

DoctorFinding judge_patreon(const TenantState& state, const std::string& connector) {
  const std::string lacks = why_no_patreon_tokens(state, connector);
  if (lacks.empty())
    return {Level::ok, "patreon",
            "Logto keeps people's tokens of the connector " + connector +
                " and gives them out; SECRET_VAULT_KEK of a self-hosted Logto is not seen here"};
  return {Level::failure, "patreon", "nobody's membership can be looked up: " + lacks,
          "delete that connector in Logto's Console where it is the wrong one (people keep their accounts, for the "
          "target stays), then `logto-proxy provision` makes the right one and opens the account centre"};
}

std::vector<DoctorFinding> judge_who_may_come(const nlohmann::json& application,
                                              const std::vector<std::string>& roles) {
  std::vector<DoctorFinding> all;
  const auto is_on = [&](const char* name) { return application.contains(name) && application[name] == true; };
  const std::string name = "the application " + text_at(application, "name");
  if (is_on("isThirdParty"))
    all.push_back({Level::warning, "application", name + " is one of a third party",
                   "people are asked for their consent, and scopes that Logto's Console does not name for it are "
                   "dropped: make a traditional web application of your own"});
  if (is_on("appLevelAccessControlEnabled") && roles.empty())
    all.push_back(
        {Level::warning, "application", "Logto itself lets only some people use " + name,
         "others end at a page of Logto's, \"Access denied\", and the proxy hears nothing: see the "
         "application's access control in Logto's Console, or name the roles in provision.application.roles"});
  return all;
}

void examine_tenant(const Settings& settings, const TellRealm& tell) { TenantExamination(settings, tell).run(); }

}  // namespace lp
