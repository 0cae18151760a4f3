#include "auth/endpoints/backchannel_logout.h"

#include <string>
#include <utility>

#include "auth/endpoints/call_by_logto.h"
#include "auth/oidc/backchannel_logout_request.h"
#include "auth/visit/wait.h"

namespace lp {
namespace {

using Outcome = Result<LogoutToken, LogoutTokenFailure>;

Verdict answer_unavailable(const Visit& visit) {
  Verdict verdict = answer_verdict(visit, "own", make_status_json(503, visit.facts.request_id));
  verdict.answer.add("Retry-After", "5");
  return verdict;
}

// The auth thread has ended the sessions and written the log line.
Verdict answer_outcome(const Visit& visit, const Outcome& outcome) {
  if (outcome) return call_accepted(visit);
  const bool rejected = outcome.error().kind == LogoutTokenFailure::Kind::rejected;
  return rejected ? call_refused(visit, outcome.error().message) : answer_unavailable(visit);
}

Result<std::string, RuleError> token_of(const Visit& visit) {
  if (visit.facts.body_state == BodyFacts::too_large) return broken_rule("size", "request is too long");
  return parse_logout_request(visit.fields().get("Content-Type"), visit.facts.body);
}

}  // namespace

Verdict handle_backchannel_logout(const Visit& visit, Waiting waiting) {
  if (visit.facts.body_state == BodyFacts::unread) {
    const auto type = judge_logout_content_type(visit.fields().get("Content-Type"));
    return type ? need_body_of_call(kMaxLogoutRequestBytes)
                : call_refused_and_logged(visit, "logout token refused", type.error());
  }
  auto token = token_of(visit);
  if (!token) return call_refused_and_logged(visit, "logout token refused", token.error());
  if (!visit.realm.auth) return answer_unavailable(visit);
  const auto ask = [&token](const Visit& asking, auto answer) {
    return asking.realm.auth->judge_logout_token(asking.loop, asking.on_behalf(), std::move(*token), std::move(answer));
  };
  const auto judge = [](const Visit& judged, const Outcome& outcome, Waiting) {
    return answer_outcome(judged, outcome);
  };
  return wait_for(visit, std::move(waiting), ask, judge);
}

}  // namespace lp
