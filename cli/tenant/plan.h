#pragma once
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/tenant/tenant_state.h"
#include "cli/tenant/wanted.h"

// From what is wanted and what is there to what is to be done. Pure: the plan is made anew after each step, from what
// Logto then says, so that a run that was interrupted anywhere is only a run that begins with less to do.
namespace lp {

struct TenantStep {
  enum class Kind { unchanged, create, change, remove };
  Kind kind = Kind::unchanged;
  TenantPart part = TenantPart::applications;
  std::string object;                // "connector linkedin": what people and a second plan know it by
  std::string key{};                 // which in the file asks for it
  std::string reason{};              // why it is wanted where the file does not name it itself
  std::vector<std::string> lines{};  // what becomes of it; never a secret
  // What does it. No path: it cannot be said yet, for it needs ids that earlier steps bring.
  std::string method{};
  std::string path{};
  nlohmann::json body = nullptr;
};

// Steps in the order in which they can be taken. Problems are what no step can reach.
struct TenantPlan {
  std::vector<TenantStep> steps;
  TenantProblems problems;
};
[[nodiscard]] TenantPlan plan_tenant(const WantedTenant& wanted, const TenantState& state);
// What takes away again what was made here, by the marks in the applications' customData, and nothing else.
[[nodiscard]] TenantPlan plan_removal(const WantedTenant& wanted, const TenantState& state);

[[nodiscard]] std::size_t changes_in(const TenantPlan& plan);

// The application as the tenant has it: by its id, else by our mark and a redirect URI that is wanted; null: not there.
[[nodiscard]] const nlohmann::json* find_application(const TenantApplication& wanted, const TenantState& state);
// The connector: by its id, else by its target.
[[nodiscard]] const nlohmann::json* find_connector(const TenantConnector& wanted, const TenantState& state);

}  // namespace lp
