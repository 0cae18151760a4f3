#include "auth/gate/app_tokens_first.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "auth/oidc/app_token_needs.h"
#include "auth/visit/wait.h"
#include "base/check.h"

namespace lp {
namespace {

using Kind = RefreshFailure::Kind;

// One of the two tokens of a visit, and what it is of.
struct Needed {
  TokenAudience audience;
  std::shared_ptr<const AppToken> RouteTokens::*place = &RouteTokens::access;
  bool is_must = true;  // the route makes no sense without
};

bool lets_anybody_pass(const Visit& visit) { return visit.facts.route->access == Access::optional; }

// What the token would have been for.
std::vector<PageRow> rows_of(const TokenAudience& audience, const Language& language) {
  std::vector<PageRow> rows;
  const auto add = [&](TextKey label, const std::string& value) {
    if (!value.empty()) rows.push_back({std::string(language.say(label)), value, ""});
  };
  std::string scopes;
  for (const std::string& scope : audience.scopes) scopes.append(scopes.empty() ? "" : ", ").append(scope);
  add("token.service", audience.resource);
  add("token.organization", audience.organization);
  add("token.permissions", scopes);
  return rows;
}

// Whose account, and what Logto does not give it. Only another grant helps, by another account or once Logto has it.
Verdict refused_verdict(const Visit& visit, const TokenAudience& audience) {
  constexpr std::string_view kDecision = "token_refused";
  if (!visit.is_navigation()) {
    const nlohmann::ordered_json extra = {{"resource", audience.resource}, {"organization", audience.organization}};
    return answer_verdict(
        visit, kDecision,
        make_json_error(403, "token_refused", "Logto gives this account no access token for this app.",
                        visit.facts.request_id, extra));
  }
  PageFacts facts = page_facts(visit);
  facts.user = display_name(*visit.signed_in());
  facts.rows = rows_of(audience, facts.language());
  return answer_verdict(visit, kDecision, make_page(PageKind::token_refused, facts));
}

// What a visit goes through: each token it needs from memory, else by a wait, after which it goes through this again.
class Fetching {
 public:
  Fetching(const Visit& begun, BackgroundRefreshes& background) : visit(begun), background_(background) {}

  Visit visit;

  // The answer that ends it, or what must be fetched, or neither: all is there.
  struct Step {
    std::optional<Verdict> verdict;
    std::optional<Needed> fetch;
  };
  Step next() {
    const RouteSettings& route = *visit.facts.route;
    Step step;
    if (route.token.is_configured()) {
      const auto audience = audience_of(route, visit.facts.external->host, visit.facts.path);
      LP_CHECK(audience, "decide() lets nobody come so far whose address names no organization");
      look_for({*audience, &RouteTokens::access, true}, step);
    }
    if (step.verdict || step.fetch || !wants_id_token(route, visit.settings())) return step;
    const bool is_must = route.authorization.kind == UpstreamAuthorizationSettings::Kind::id_token;
    look_for({TokenAudience{}, &RouteTokens::id, is_must}, step);
    return step;
  }

 private:
  void look_for(const Needed& needed, Step& step) {
    if (visit.tokens.*needed.place) return;
    AppTokenCache::Found found = visit.realm.tokens.find(visit.signed_in()->id, needed.audience, visit.now_s);
    if (found.should_renew && !visit.signed_in()->refresh_token.empty()) {
      background_.renew_token(visit.cookies, visit.cookies.value_of(visit.fields()), visit.session, needed.audience,
                              visit.facts.request_id);
    }
    if (found.token) {
      visit.tokens.*needed.place = std::move(found.token);
    } else if (found.is_refused) {
      if (needed.is_must && !lets_anybody_pass(visit)) step.verdict = refused_verdict(visit, needed.audience);
    } else if (visit.signed_in()->refresh_token.empty()) {
      visit.cannot_have_tokens = visit.cannot_have_tokens || (needed.is_must && !lets_anybody_pass(visit));
    } else {
      step.fetch = needed;
    }
  }

  BackgroundRefreshes& background_;
};

// Ends nothing and brings nothing.
RefreshOutcome nothing_new() { return RefreshFailure{}; }

void take(Visit& visit, const Needed& needed, const GrantOutcome& outcome) {
  if (!outcome) return continue_session(visit, outcome.error());
  const RefreshOutcome refreshed = outcome->refreshed ? RefreshOutcome(outcome->refreshed) : nothing_new();
  continue_session(visit, refreshed);
  if (visit.signed_in() == nullptr) return;
  visit.tokens.*needed.place = needed.audience.is_id_token() ? outcome->id_token : outcome->access_token;
}

Verdict judge_fetched(const Visit& visit, const Needed& needed, const GrantOutcome& outcome,
                      BackgroundRefreshes& background, const JudgeVisit& judge, Waiting waiting) {
  if (visit.signed_in() == nullptr) return judge(visit, std::move(waiting));
  if (visit.tokens.*needed.place) return tokens_first(visit, background, judge, std::move(waiting));
  if (outcome || outcome.error().kind != Kind::refused) return unproven_verdict(visit);
  if (needed.is_must && !lets_anybody_pass(visit)) return refused_verdict(visit, needed.audience);
  return judge(visit, std::move(waiting));
}

// Waits for one token, then for what else the route needs, then judges.
Verdict fetch(const Visit& visit, const Needed& needed, BackgroundRefreshes& background, JudgeVisit judge,
              Waiting waiting) {
  const auto ask = [&needed](const Visit& asking, auto answer) {
    return asking.realm.auth->token_for(asking.loop, std::string(asking.facts.request_id), *asking.signed_in(),
                                        needed.audience, std::move(answer));
  };
  auto judge_outcome = [needed, &background, judge = std::move(judge)](Visit& judged, const GrantOutcome& outcome,
                                                                       Waiting later) {
    take(judged, needed, outcome);
    return judge_fetched(judged, needed, outcome, background, judge, std::move(later));
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge_outcome));
}

}  // namespace

bool needs_tokens(const RouteSettings& route, const Settings& settings) {
  return route.token.is_configured() || wants_id_token(route, settings);
}

Verdict tokens_first(const Visit& visit, BackgroundRefreshes& background, JudgeVisit judge, Waiting waiting) {
  Fetching fetching(visit, background);
  Fetching::Step step = fetching.next();
  if (step.verdict) return std::move(*step.verdict);
  if (!step.fetch) return judge(fetching.visit, std::move(waiting));
  if (!visit.realm.auth) return unproven_verdict(visit);
  return fetch(fetching.visit, *step.fetch, background, std::move(judge), std::move(waiting));
}

}  // namespace lp
