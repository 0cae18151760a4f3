#include "auth/endpoints/call_by_logto.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace lp {

Verdict need_body_of_call(std::size_t limit_bytes) {
  Verdict verdict;
  verdict.kind = Verdict::Kind::need_body;
  verdict.decision = "own";
  verdict.body_limit_bytes = limit_bytes;
  return verdict;
}

Verdict call_accepted(const Visit& visit) {
  Answer answer;
  answer.add("Cache-Control", "no-store");
  return answer_verdict(visit, "own", std::move(answer));
}

Verdict call_refused(const Visit& visit, std::string_view reason) {
  return answer_verdict(visit, "own",
                        make_json(400, {{"error", "invalid_request"}, {"error_description", std::string(reason)}}));
}

Verdict call_refused_and_logged(const Visit& visit, std::string_view message, const RuleError& error) {
  visit.realm.log.warning(message, {{"id", visit.facts.request_id}, {"rule", error.rule}, {"reason", error.message}});
  return call_refused(visit, error.message);
}

}  // namespace lp
