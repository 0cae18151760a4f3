#include "auth/gate/shadow.h"

#include "auth/loops/pass.h"

namespace lp {
namespace {

std::string_view would_have(const Authorization& authorization) {
  switch (authorization.verdict) {
    case Authorization::Verdict::pass:
      return {};
    case Authorization::Verdict::sign_in:
      return "sign_in";
    case Authorization::Verdict::step_up:
      return "step_up";
    case Authorization::Verdict::forbidden:
      return authorization.by_deny_rule ? "denied" : "forbidden";
    case Authorization::Verdict::denied:
      return "denied";
  }
  return "denied";
}

}  // namespace

Verdict pass_in_shadow(const Visit& visit, const Authorization& authorization) {
  Verdict verdict = pass_verdict(visit);
  verdict.shadow = would_have(authorization);
  for (const Requirement* missing : authorization.missing) {
    if (!verdict.shadow_missing.empty()) verdict.shadow_missing += "; ";
    verdict.shadow_missing += describe_requirement(*missing, Audience::operators);
  }
  return verdict;
}

}  // namespace lp
