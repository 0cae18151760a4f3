#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "auth/rules/authorize.h"

// Why a rule holds or does not, for operators. The verdicts are those of holds() in auth/rules/authorize.h. Pure.
namespace lp {

struct ExplainedRequirement {
  const Requirement* requirement = nullptr;  // points into the route
  bool holds = false;
  std::string seen;                            // of a leaf: what decided it, "roles: [\"editor\"]" or "no claim roles"
  std::vector<ExplainedRequirement> children;  // of all, any and not
};
[[nodiscard]] ExplainedRequirement explain_requirement(const Requirement& requirement, const Principal& who,
                                                       std::int64_t now_s);

// The requirement of this node without its children: "role admin", "any of", "all of", "none of".
[[nodiscard]] std::string requirement_heading(const Requirement& requirement);

}  // namespace lp
