#include "auth/endpoints/extend_session.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "auth/endpoints/me.h"
#include "auth/rules/navigation.h"

namespace lp {

Verdict handle_extend_session(const Visit& visit, Waiting) {
  if (!is_same_origin_request(visit.fields(), visit.facts.external->text())) return status_verdict(visit, "own", 403);
  const Session* session = visit.signed_in();
  if (session == nullptr) return unauthenticated_verdict(visit, "own");
  Session extended = *session;
  ++extended.generation;
  extended.sealed_at_s = visit.now_s;
  Verdict verdict = answer_verdict(visit, "own", make_json(200, me_json(extended, visit.settings())));
  append_cookies(verdict, visit.cookies.renew(visit.fields(), std::move(extended), visit.session, visit.now_s));
  return verdict;
}

}  // namespace lp
