#pragma once
#include <string>
#include <vector>

#include "config/requirement.h"

// Rules as tests write them.
namespace lp {

Requirement list_requirement(Requirement::Kind kind, std::vector<std::string> any_of);
Requirement roles_requirement(std::vector<std::string> roles);
Requirement social_requirement(std::vector<std::string> targets);
Requirement group_requirement(Requirement::Kind kind, std::vector<Requirement> children);
Requirement all_requirement(std::vector<Requirement> children);
Requirement claim_requirement(std::string claim, ClaimTest::Kind kind, std::vector<std::string> values = {});

}  // namespace lp
