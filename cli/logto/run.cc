#include "cli/logto/run.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "cli/logto/apply.h"
#include "cli/logto/bootstrap.h"
#include "cli/logto/credentials.h"
#include "cli/logto/examine_tenant.h"
#include "cli/logto/report.h"
#include "cli/logto/tenant_reader.h"
#include "cli/tenant/import_tenant.h"
#include "cli/tenant/json_merge.h"
#include "cli/tenant/plan.h"
#include "config/file/load.h"
#include "config/provision.h"
#include "config/realms.h"

namespace lp {
namespace {

using Outcome = CredentialPlace::Outcome;

// What the process says to whoever ran it, as every command does. With --plan 2 is that something would change, and a
// mistake of the file is a failure: a script must not take it for a tenant that has drifted.
constexpr int kExitDone = 0;
constexpr int kExitFailure = 1;
constexpr int kExitMistake = 2;
constexpr int kExitChanges = 2;

// Of a self-hosted Logto: its own application for the Management API, whose tokens its admin tenant gives.
// `status`: what to end with where it answers null.
std::shared_ptr<const Settings> bootstrapped(const Settings& settings, const std::string& database_url, int& status) {
  auto copy = std::make_shared<Settings>(settings);
  copy->provision = std::make_shared<ProvisionSettings>(settings.provision ? *settings.provision : ProvisionSettings());
  ManagementSettings& management = copy->provision->management;
  if (!management.admin_endpoint) {
    std::fprintf(stderr,
                 "provision.management.admin_endpoint: is missing: tokens for --bootstrap-from-db come from "
                 "there, where Logto's Console is, http://localhost:3002 for one\n");
    return nullptr;
  }
  auto secret = read_bootstrap_secret(database_url);
  if (!secret) {
    std::fprintf(stderr, "--bootstrap-from-db: %s\n", secret.error().message.c_str());
    status = kExitFailure;
    return nullptr;
  }
  management.app_id = kBootstrapApplication;
  management.app_secret = std::move(*secret);
  std::fprintf(stderr, "by Logto's own application %s, read from its database: Logto does not document it\n",
               kBootstrapApplication);
  return copy;
}

std::shared_ptr<const Settings> load_for_provision(const std::string& path, const std::string& database_url,
                                                   int& status) {
  status = kExitMistake;
  auto loaded = load_config(path, process_environment(), LoadFor::provision);
  if (!loaded) {
    for (const ConfigProblem& problem : loaded.error()) std::fprintf(stderr, "%s\n", problem.text().c_str());
    return nullptr;
  }
  const auto& settings = loaded->settings;
  if (!database_url.empty()) return bootstrapped(*settings, database_url, status);
  if (has_management(*settings)) return settings;
  std::fprintf(
      stderr,
      "provision.management: app_id and app_secret (or app_secret_file) are missing: make a machine-to-machine "
      "application in Logto's Console, give it the role 'Logto Management API access', and name it there\n");
  return nullptr;
}

class ProvisionRun {
 public:
  ProvisionRun(const Settings& settings, const ProvisionOptions& options)
      : settings_(settings),
        options_(options),
        logto_(settings_of_realms(std::make_shared<const Settings>(settings)).front()->logto),
        api_(settings.provision->management, logto_) {}

  int run() {
    wanted_ = wanted_tenant(settings_, problems_);
    for (TenantApplication& application : wanted_.applications) application.id_is_written |= options_.print_secrets;
    if (!problems_.empty() && !options_.to_yaml) return complain(kExitMistake);
    if (auto signed_in = api_.sign_in(); !signed_in)
      return fail_with("provision.management: " + signed_in.error().text());
    auto state = read_tenant(api_, wanted_);
    if (!state) return fail_with("the Management API: " + state.error().text());
    state_ = std::move(*state);
    if (options_.to_yaml) return write_yaml_of_tenant();
    const TenantPlan plan = plan_now(state_);
    problems_ = plan.problems;
    if (!problems_.empty()) return complain(kExitFailure);
    return options_.plan ? show(plan) : apply(plan);
  }

 private:
  [[nodiscard]] TenantPlan plan_now(const TenantState& state) const {
    return options_.destroy ? plan_removal(wanted_, state) : plan_tenant(wanted_, state);
  }

  std::vector<CredentialPlace> settle(bool is_dry) {
    return settle_credentials(api_, settings_, wanted_, state_, is_dry,
                              options_.print_secrets ? WithoutFile::shown : WithoutFile::refused);
  }

  int complain(int status) {
    for (const std::string& problem : problems_) std::fprintf(stderr, "%s\n", problem.c_str());
    return options_.plan ? kExitFailure : status;
  }
  static int fail_with(const std::string& text) {
    std::fprintf(stderr, "%s\n", text.c_str());
    return kExitFailure;
  }
  void say(const std::string& text) const {
    if (options_.json) return;
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  }

  int show(const TenantPlan& plan) {
    const auto places = options_.destroy ? std::vector<CredentialPlace>() : settle(true);
    say(plan_text(plan));
    for (const CredentialPlace& place : places) say(place_line(place, true));
    if (!options_.destroy) say(callback_text(callback_urls(wanted_, state_, logto_.endpoint)));
    if (options_.json) print_json(plan, places, nullptr);
    if (has_refusal(places)) return kExitFailure;
    return changes_in(plan) == 0 && !writes(places) ? kExitDone : kExitChanges;
  }

  // Secrets that Logto gives and nobody can keep are of no use: the files are looked at before the first step.
  bool can_keep_credentials(const TenantPlan& plan) {
    if (options_.destroy) return true;
    const auto places = settle(true);
    for (const CredentialPlace& place : places) {
      if (place.outcome != Outcome::unchanged) say(place_line(place, true));
    }
    if (!has_refusal(places)) return true;
    std::fprintf(stderr, "nothing was changed: mend what cannot be written first\n");
    if (options_.json) print_json(plan, places, nullptr);
    return false;
  }

  int apply(const TenantPlan& plan) {
    say(plan_text(plan));
    if (!can_keep_credentials(plan)) return kExitFailure;
    if (changes_in(plan) > 0 && !is_agreed()) return kExitFailure;
    const AppliedPlan applied = apply_plan(
        api_, wanted_, state_, [this](const TenantState& state) { return plan_now(state); },
        [this](const TenantStep& step) { say("done      " + step.object + "\n"); });
    std::vector<CredentialPlace> places;
    if (applied.failure.empty() && !options_.destroy) places = settle(false);
    tell_rest(applied, places);
    if (options_.json) print_json(plan, places, &applied);
    return applied.failure.empty() && applied.not_kept.empty() && !has_refusal(places) ? kExitDone : kExitFailure;
  }

  // For a file that begins with a tenant which was made by hand.
  int write_yaml_of_tenant() {
    for (const nlohmann::json& role : state_.roles) {
      auto scopes = api_.list("/api/roles/" + id_in_path(role) + "/scopes");
      if (!scopes) return fail_with("the Management API: " + scopes.error().text());
      state_.role_scopes[text_at(role, "id")] = std::move(*scopes);
    }
    // A plan of Logto Cloud may be without organizations.
    if (auto roles = api_.list("/api/organization-roles")) state_.organization_roles = std::move(*roles);
    const auto claims = api_.call("GET", "/api/configs/id-token");
    if (claims && claims->contains("enabledExtendedClaims"))
      state_.id_token_claims = (*claims)["enabledExtendedClaims"];
    const ImportedTenant imported = import_tenant(state_, logto_.app_id);
    std::fputs(imported.yaml.c_str(), stdout);
    for (const std::string& name : imported.variables)
      std::fprintf(stderr, "%s: a secret of Logto, which is not shown: set this variable, or name a file\n",
                   name.c_str());
    return std::fflush(stdout) == 0 ? kExitDone : kExitFailure;
  }

  // Who is not asked has not agreed.
  [[nodiscard]] bool is_agreed() const {
    if (options_.yes) return true;
    if (options_.json || ::isatty(STDIN_FILENO) == 0) {
      std::fprintf(stderr, "nothing was changed: nobody can be asked here; --yes does it without asking\n");
      return false;
    }
    std::fputs("Do this? [y/N] ", stdout);
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "yes") return true;
    std::fprintf(stderr, "nothing was changed\n");
    return false;
  }

  void tell_rest(const AppliedPlan& applied, const std::vector<CredentialPlace>& places) const {
    if (!applied.failure.empty()) {
      std::fprintf(stderr, "failure   %s\n", applied.failure.c_str());
      for (const TenantStep& step : applied.left) std::fprintf(stderr, "not done  %s\n", step.object.c_str());
      std::fprintf(stderr, "run it again when that is mended: what is done is not done twice\n");
      return;
    }
    for (const TenantStep& step : applied.not_kept) {
      std::fprintf(stderr, "failure   %s: %s: Logto has taken it, and not kept it:\n", step.key.c_str(),
                   step.object.c_str());
      for (const std::string& line : step.lines) std::fprintf(stderr, "            %s\n", line.c_str());
    }
    for (const CredentialPlace& place : places) say(place_line(place, false));
    if (!options_.destroy) say(callback_text(callback_urls(wanted_, state_, logto_.endpoint)));
  }

  [[nodiscard]] static bool has_refusal(const std::vector<CredentialPlace>& places) {
    return std::any_of(places.begin(), places.end(),
                       [](const CredentialPlace& place) { return place.outcome == Outcome::refused; });
  }
  [[nodiscard]] static bool writes(const std::vector<CredentialPlace>& places) {
    return std::any_of(places.begin(), places.end(), [](const CredentialPlace& place) {
      return place.outcome == Outcome::written || place.outcome == Outcome::shown;
    });
  }

  void print_json(const TenantPlan& plan, const std::vector<CredentialPlace>& places,
                  const AppliedPlan* applied) const {
    nlohmann::ordered_json out = plan_json(plan);
    if (applied != nullptr) out["applied"] = applied_json(*applied);
    out["credentials"] = places_json(places);
    if (!options_.destroy) out["callback_urls"] = callbacks_json(callback_urls(wanted_, state_, logto_.endpoint));
    using Json = nlohmann::ordered_json;
    std::fputs((out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n").c_str(), stdout);
    std::fflush(stdout);
  }

  const Settings& settings_;
  const ProvisionOptions options_;
  const LogtoSettings logto_;
  ManagementApi api_;
  TenantProblems problems_;
  WantedTenant wanted_;
  TenantState state_;
};

}  // namespace

int run_provision(const std::string& config_path, const ProvisionOptions& options) {
  int status = kExitDone;
  const auto settings = load_for_provision(config_path, options.bootstrap_database, status);
  if (!settings) return options.plan ? kExitFailure : status;
  return ProvisionRun(*settings, options).run();
}

}  // namespace lp
