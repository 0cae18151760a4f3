#include "auth/gate/shadow.h"

#include "auth/loops/pass.h"

namespace lp {

Verdict pass_in_shadow(const Visit& visit, const Decision& decision) {
  Verdict verdict = pass_verdict(visit);
  note_shadow(verdict, decision);
  return verdict;
}

void note_shadow(Verdict& verdict, const Decision& decision) {
  if (decision.shadow.empty()) return;
  verdict.shadow = decision.shadow;
  for (const Requirement* missing : decision.authorization.missing) {
    if (!verdict.shadow_missing.empty()) verdict.shadow_missing += "; ";
    verdict.shadow_missing += describe_requirement(*missing, Audience::operators);
  }
}

}  // namespace lp
