#include "auth/endpoints/backchannel_logout.h"

#include <string>
#include <utility>

#include "auth/endpoints/call_by_logto.h"
#include "auth/oidc/backchannel_logout_request.h"
#include "auth/visit/verdict.h"

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

class LogoutWait final : public PendingVerdict {
 public:
  LogoutWait(const Visit& visit, std::string token, LaterVerdict later) : visit_(visit), later_(std::move(later)) {
    question_ =
        visit_.realm.auth->judge_logout_token(visit_.loop, std::string(visit_.facts.request_id), std::move(token),
                                              [this](const Outcome& outcome) { finish(outcome); });
  }

 private:
  void finish(const Outcome& outcome) {
    visit_.loop.defer_delete(std::move(question_));  // its callback is on the stack, and `later` may drop this
    const LaterVerdict later = std::move(later_);
    later(answer_outcome(visit_, outcome));
  }

  Visit visit_;
  LaterVerdict later_;
  std::unique_ptr<AuthQuestions::Question> question_;
};

Result<std::string, RuleError> token_of(const Visit& visit) {
  if (visit.facts.body_state == BodyFacts::too_large) return broken_rule("size", "request is too long");
  return parse_logout_request(visit.fields().get("Content-Type"), visit.facts.body);
}

}  // namespace

Verdict handle_backchannel_logout(const Visit& visit, Waiting waiting) {
  if (visit.facts.body_state == BodyFacts::unread) return need_body_of_call(kMaxLogoutRequestBytes);
  auto token = token_of(visit);
  if (!token) return call_refused_and_logged(visit, "logout token refused", token.error());
  if (!visit.realm.auth) return answer_unavailable(visit);
  waiting.wait = std::make_unique<LogoutWait>(visit, std::move(*token), std::move(waiting.later));
  Verdict verdict;
  verdict.kind = Verdict::Kind::wait;
  return verdict;
}

}  // namespace lp
