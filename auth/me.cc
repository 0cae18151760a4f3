#include "auth/me.h"

#include <nlohmann/json.hpp>

namespace lp {

Verdict handle_me(const Visit& visit, Waiting) {
  const Session* session = visit.signed_in();
  if (session == nullptr) return unauthenticated_verdict(visit, "own");
  nlohmann::ordered_json me = {{"sub", session->sub}};
  for (const auto& [name, claim] : session->claims.items()) me[name] = claim;
  me["signed_in_at"] = session->signed_in_at_s;
  me["session_ends_at"] = session_ends_at_s(*session, visit.settings().session);
  Verdict verdict = answer_verdict(visit, "own", make_json(200, me));
  append_cookies(verdict, cookies_to_renew(visit));
  return verdict;
}

}  // namespace lp
