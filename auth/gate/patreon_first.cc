#include "auth/gate/patreon_first.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "auth/gate/refresh_first.h"
#include "auth/realm/app_tokens.h"
#include "auth/rules/navigation.h"
#include "auth/rules/patreon.h"
#include "auth/visit/wait.h"

namespace lp {
namespace {

using Standing = std::shared_ptr<const PatreonStanding>;

// Opens Logto's Account API.
TokenAudience account_audience() {
  TokenAudience audience;
  audience.account = true;
  return audience;
}

// Every rule as it stands with the visit's session, and with `patreon` in place of what that knows: whether `is` of
// each.
template <class Is>
bool each_is(const Visit& visit, const PatreonStanding* patreon, const Is& is) {
  const auto judged = [&](const RouteSettings* route) {
    if (route == nullptr) return true;
    std::optional<Principal> who = visit.principal_on(*route);
    if (who) who->patreon = patreon;
    return is(*route, authorize(*route, who ? &*who : nullptr, visit.now_s));
  };
  return judged(visit.facts.route) && judged(visit.facts.also_asked);
}

bool passes_without(const Visit& visit) {
  const RequestFacts& facts = visit.facts;
  if (patreon_may_refuse(*facts.route) || (facts.also_asked != nullptr && patreon_may_refuse(*facts.also_asked)))
    return false;
  return each_is(visit, nullptr, [](const RouteSettings&, const Authorization& judged) {
    return judged.verdict == Authorization::Verdict::pass;
  });
}

// The session goes on with what is known now, as after a refresh; the cookie follows with the next pass.
void take_standing(Visit& visit, Standing standing) {
  if (visit.signed_in() == nullptr || visit.signed_in()->patreon == standing) return;
  Session session = *visit.signed_in();
  session.patreon = std::move(standing);
  const std::size_t pieces = visit.session.pieces;
  visit.session = visit.cookies.adopt(visit.cookies.value_of(visit.fields()), visit.session.secret, std::move(session),
                                      visit.now_s);
  visit.session.pieces = pieces;
}

// Other tabs, workers and sessions of this person may have heard more.
void take_what_others_heard(Visit& visit) {
  Standing heard = visit.realm.patreon.find(visit.signed_in()->sub);
  const Standing& own = visit.signed_in()->patreon;
  if (heard && (!own || heard->checked_at_ms > own->checked_at_ms)) take_standing(visit, std::move(heard));
}

PatreonFreshness freshness_of(const Visit& visit) {
  const Session& session = *visit.signed_in();
  const PatreonStanding* known = session.patreon.get();
  const bool is_refused = known != nullptr && !each_is(visit, known, [](const auto& route, const auto& judged) {
                            return !is_refused_by_patreon(route, judged);
                          });
  return patreon_freshness(known, session.signed_in_at_ms, is_refused, visit.settings().patreon,
                           visit.realm.clock.unix_ms());
}

// 503 with Retry-After: nobody can say now whether they are a member.
Verdict away_verdict(const Visit& visit) {
  constexpr std::string_view kDecision = "patreon_away";
  if (visit.is_navigation() || is_form_post(*visit.facts.head, visit.facts.wants_upgrade)) {
    PageFacts facts = page_facts(visit);
    // The browser's own reload sends a form again; a link would only open its target.
    if (!visit.may_start_sign_in()) facts.return_to.clear();
    return answer_verdict(visit, kDecision, make_page(PageKind::patreon_away, facts));
  }
  return answer_verdict(visit, kDecision,
                        make_json_error(503, "patreon_away", "Patreon cannot be asked about this account right now.",
                                        visit.facts.request_id));
}

// Nobody could be asked. A rule in shadow keeps nobody out.
Verdict judge_held(const Visit& visit, const JudgeVisit& judge, Waiting waiting) {
  const bool goes_on = visit.signed_in() == nullptr || visit.facts.route->shadow || freshness_of(visit).may_be_held;
  return goes_on ? judge(visit, std::move(waiting)) : away_verdict(visit);
}

bool may_ask(const Visit& visit) {
  const std::int64_t now_ms = visit.realm.clock.monotonic_ms();
  return visit.realm.auth != nullptr && !visit.realm.patreon.pause().is_on(now_ms) &&
         !visit.realm.patreon.is_troubled(visit.signed_in()->sub, now_ms);
}

// Of one visit. Copied from wait to wait.
struct Asking {
  JudgeVisit judge;
  bool is_second_token = false;  // Logto has refused the first
};

Verdict need_token(const Visit& visit, Asking asking, Waiting waiting);

// With the token in hand.
Verdict ask_patreon(const Visit& visit, const AppToken& token, Asking asking, Waiting waiting) {
  const auto ask = [&token](const Visit& asked, auto answer) {
    return asked.realm.auth->patreon_of(asked.loop, std::string(asked.facts.request_id), asked.signed_in()->sub,
                                        token.token, std::move(answer));
  };
  auto judge_answer = [asking = std::move(asking)](Visit& judged, const PatreonOutcome& outcome, Waiting later) {
    if (judged.signed_in() == nullptr) return asking.judge(judged, std::move(later));
    if (outcome) {
      take_standing(judged, *outcome);
      return asking.judge(judged, std::move(later));
    }
    const bool is_refused = outcome.error().kind == PatreonFailure::Kind::account_token_refused;
    if (is_refused) judged.realm.tokens.take_back(judged.signed_in()->id, account_audience());
    if (!is_refused || asking.is_second_token) return judge_held(judged, asking.judge, std::move(later));
    return need_token(judged, {asking.judge, true}, std::move(later));
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge_answer));
}

// By a refresh, which says of the session what a refresh says.
Verdict fetch_token(const Visit& visit, Asking asking, Waiting waiting) {
  const auto ask = [](const Visit& asked, auto answer) {
    return asked.realm.auth->token_for(asked.loop, std::string(asked.facts.request_id), *asked.signed_in(),
                                       account_audience(), std::move(answer));
  };
  auto judge_token = [asking = std::move(asking)](Visit& judged, const GrantOutcome& outcome, Waiting later) {
    if (!outcome) {
      continue_session(judged, outcome.error());
    } else if (outcome->refreshed) {
      continue_session(judged, RefreshOutcome(outcome->refreshed));
    }
    if (judged.signed_in() == nullptr) return asking.judge(judged, std::move(later));
    if (!outcome || !outcome->account_token) return judge_held(judged, asking.judge, std::move(later));
    return ask_patreon(judged, *outcome->account_token, asking, std::move(later));
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge_token));
}

// Without a refresh token only another sign-in brings one.
Verdict need_token(const Visit& visit, Asking asking, Waiting waiting) {
  const Session& session = *visit.signed_in();
  const AppTokenCache::Found found = visit.realm.tokens.find(session.id, account_audience(), visit.now_s);
  if (found.token) return ask_patreon(visit, *found.token, std::move(asking), std::move(waiting));
  if (!session.refresh_token.empty()) return fetch_token(visit, std::move(asking), std::move(waiting));
  Visit without = visit;
  without.cannot_ask_patreon = true;
  const bool goes_on = visit.facts.route->shadow || freshness_of(visit).may_be_held;
  return asking.judge(goes_on ? visit : without, std::move(waiting));
}

}  // namespace

Verdict patreon_first(const Visit& visit, JudgeVisit judge, Waiting waiting) {
  if (visit.signed_in() == nullptr) return judge(visit, std::move(waiting));
  if (passes_without(visit)) return judge(visit, std::move(waiting));
  if (freshness_of(visit).is_fresh) return judge(visit, std::move(waiting));
  Visit asking = visit;
  take_what_others_heard(asking);
  if (asking.signed_in() == nullptr || freshness_of(asking).is_fresh) return judge(asking, std::move(waiting));
  if (!may_ask(asking)) return judge_held(asking, judge, std::move(waiting));
  return need_token(asking, {std::move(judge), false}, std::move(waiting));
}

}  // namespace lp
