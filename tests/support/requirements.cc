#include "tests/support/requirements.h"

#include <utility>

namespace lp {

Requirement list_requirement(Requirement::Kind kind, std::vector<std::string> any_of) {
  Requirement made;
  made.kind = kind;
  made.any_of = std::move(any_of);
  return made;
}

Requirement roles_requirement(std::vector<std::string> roles) {
  return list_requirement(Requirement::Kind::roles, std::move(roles));
}

Requirement social_requirement(std::vector<std::string> targets) {
  return list_requirement(Requirement::Kind::social, std::move(targets));
}

Requirement group_requirement(Requirement::Kind kind, std::vector<Requirement> children) {
  Requirement made;
  made.kind = kind;
  made.children = std::move(children);
  return made;
}

Requirement all_requirement(std::vector<Requirement> children) {
  return group_requirement(Requirement::Kind::all, std::move(children));
}

Requirement claim_requirement(std::string claim, ClaimTest::Kind kind, std::vector<std::string> values) {
  Requirement made;
  made.kind = Requirement::Kind::claim;
  made.test.claim = std::move(claim);
  made.test.kind = kind;
  made.test.values = std::move(values);
  return made;
}

}  // namespace lp
