#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/logto/apply.h"
#include "cli/logto/credentials.h"
#include "cli/tenant/plan.h"

// What `provision` prints, for people and for machines. Pure.
namespace lp {

// Where something must be put at a social network by hand.
struct CallbackUrl {
  std::string target;
  std::string url;
  std::string where;  // "LinkedIn: your app, Auth, ..."
};
[[nodiscard]] std::vector<CallbackUrl> callback_urls(const WantedTenant& wanted, const TenantState& state,
                                                     const Origin& endpoint);

// Each step with what becomes of it, and how many there are of each kind.
[[nodiscard]] std::string plan_text(const TenantPlan& plan);
[[nodiscard]] std::string step_line(const TenantStep& step);
[[nodiscard]] std::string callback_text(const std::vector<CallbackUrl>& urls);
[[nodiscard]] std::string place_line(const CredentialPlace& place, bool is_dry);

[[nodiscard]] nlohmann::ordered_json plan_json(const TenantPlan& plan);
[[nodiscard]] nlohmann::ordered_json places_json(const std::vector<CredentialPlace>& places);
[[nodiscard]] nlohmann::ordered_json callbacks_json(const std::vector<CallbackUrl>& urls);
[[nodiscard]] nlohmann::ordered_json applied_json(const AppliedPlan& applied);

}  // namespace lp
