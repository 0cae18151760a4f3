#include "auth/gate/shadow.h"

#include "auth/loops/pass.h"

namespace lp {

Verdict pass_in_shadow(const Visit& visit, const Decision& decision) {
  Verdict verdict = pass_verdict(visit);
  verdict.shadow = decision.shadow;
  for (const Requirement* missing : decision.authorization.missing) {
    if (!verdict.shadow_missing.empty()) verdict.shadow_missing += "; ";
    verdict.shadow_missing += describe_requirement(*missing, Audience::operators);
  }
  return verdict;
}

}  // namespace lp
