#include "auth/endpoints/me.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "auth/session/claim_path.h"
#include "auth/session/session_times.h"

namespace lp {

nlohmann::ordered_json me_json(const Session& session, const Settings& settings) {
  const SessionTimes times = session_times(session, settings);
  nlohmann::ordered_json me = {{"sub", session.sub}};
  for (const auto& [name, claim] : session.claims->items()) {
    if (name != kShortenedClaims && !is_shortened(*session.claims, name)) me[name] = claim;
  }
  me["signed_in_at"] = session.signed_in_at_ms / 1000;
  me["session_ends_at"] = times.ends_at_s;
  me["session_idle_at"] = std::min(times.idle_at_s, times.ends_at_s);
  return me;
}

Verdict handle_me(const Visit& visit, Waiting) {
  const Session* session = visit.signed_in();
  if (session == nullptr) return unauthenticated_verdict(visit, "own");
  Verdict verdict = answer_verdict(visit, "own", make_json(200, me_json(*session, visit.settings())));
  append_cookies(verdict, cookies_to_renew(visit));
  return verdict;
}

}  // namespace lp
