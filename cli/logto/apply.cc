#include "cli/logto/apply.h"

#include <algorithm>
#include <set>
#include <utility>

#include "cli/logto/tenant_reader.h"

namespace lp {
namespace {

using Kind = TenantStep::Kind;

std::string name_of(const TenantStep& step) { return std::to_string(static_cast<int>(step.kind)) + " " + step.object; }

std::string why_failed(const TenantStep& step, const ApiProblem& problem) {
  return (step.key.empty() ? "" : step.key + ": ") + step.object + ": " + problem.text();
}

std::vector<TenantStep> open_steps(TenantPlan plan) {
  std::erase_if(plan.steps, [](const TenantStep& step) { return step.kind == Kind::unchanged; });
  return std::move(plan.steps);
}

}  // namespace

AppliedPlan apply_plan(ManagementApi& api, const WantedTenant& wanted, TenantState& state,
                       const std::function<TenantPlan(const TenantState&)>& plan,
                       const std::function<void(const TenantStep&)>& tell) {
  AppliedPlan applied;
  std::set<std::string> taken;
  const auto is_next = [&](const TenantStep& step) { return !step.path.empty() && taken.count(name_of(step)) == 0; };
  for (;;) {
    TenantPlan now = plan(state);
    // What could not be seen before: the first application tells what this version of Logto has.
    if (!now.problems.empty()) applied.failure = now.problems.front();
    std::vector<TenantStep> open = open_steps(std::move(now));
    if (!applied.failure.empty()) {
      applied.left = std::move(open);
      return applied;
    }
    const auto next = std::find_if(open.begin(), open.end(), is_next);
    if (next == open.end()) {
      applied.not_kept = std::move(open);
      return applied;
    }
    const TenantStep step = *next;
    taken.insert(name_of(step));
    const auto answer = api.call(step.method, step.path, step.body);
    const auto read = answer ? read_part(api, wanted, step.part, state) : Result<void, ApiProblem>(answer.error());
    if (answer) {
      ++applied.done;
      tell(step);
    }
    if (!read) {
      applied.failure = why_failed(step, read.error());
      applied.left.assign(next + (answer ? 1 : 0), open.end());
      return applied;
    }
  }
}

}  // namespace lp
