#include "auth/gate/app_tokens_first.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "auth/oidc/app_token_needs.h"
#include "auth/visit/verdict.h"

namespace lp {
namespace {

using Kind = RefreshFailure::Kind;

// One of the two tokens of a visit, and what it is of.
struct Needed {
  TokenAudience audience;
  std::shared_ptr<const IssuedToken> RouteTokens::*place = &RouteTokens::access;
  bool is_must = true;  // the route makes no sense without
};

bool lets_anybody_pass(const Visit& visit) { return visit.facts.route->access == Access::optional; }

Verdict refused_verdict(const Visit& visit) { return status_verdict(visit, "token_refused", 403); }

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
      if (!audience) return {status_verdict(visit, "no_organization", 404), std::nullopt};
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
    TokenCache::Found found = visit.realm.tokens.find(visit.signed_in()->id, needed.audience, visit.now_s);
    if (found.should_renew && !visit.signed_in()->refresh_token.empty()) {
      background_.renew_token(visit.cookies, visit.cookies.value_of(visit.fields()), *visit.signed_in(),
                              needed.audience, visit.facts.request_id);
    }
    if (found.token) {
      visit.tokens.*needed.place = std::move(found.token);
    } else if (found.is_refused) {
      if (needed.is_must && !lets_anybody_pass(visit)) step.verdict = refused_verdict(visit);
    } else if (visit.signed_in()->refresh_token.empty()) {
      visit.cannot_have_tokens = visit.cannot_have_tokens || (needed.is_must && !lets_anybody_pass(visit));
    } else {
      step.fetch = needed;
    }
  }

  BackgroundRefreshes& background_;
};

// Waits for one token, then for what else the route needs, then judges, which may wait again.
class TokenWait final : public PendingVerdict {
 public:
  TokenWait(Fetching fetching, Needed needed, BackgroundRefreshes& background, JudgeVisit judge, LaterVerdict later)
      : visit_(std::move(fetching.visit)),
        needed_(std::move(needed)),
        background_(background),
        judge_(std::move(judge)),
        later_(std::move(later)),
        question_(visit_.realm.auth->token_for(visit_.loop, std::string(visit_.facts.request_id), *visit_.signed_in(),
                                               needed_.audience,
                                               [this](const GrantOutcome& outcome) { finish(outcome); })) {}

 private:
  void finish(const GrantOutcome& outcome) {
    visit_.loop.defer_delete(std::move(question_));  // its callback is on the stack, and `later` may drop this
    visit_.now_s = visit_.realm.clock.unix_s();
    const LaterVerdict later = std::move(later_);
    Verdict verdict = judge_after(outcome, later);
    if (verdict.kind != Verdict::Kind::wait) later(std::move(verdict));
  }

  Verdict judge_after(const GrantOutcome& outcome, const LaterVerdict& later) {
    if (!outcome) {
      continue_session(visit_, outcome.error(), keyring_generation_);
    } else {
      continue_session(visit_, outcome->refreshed ? RefreshOutcome(outcome->refreshed) : nothing_new(),
                       keyring_generation_);
      visit_.tokens.*needed_.place = needed_.audience.is_id_token() ? outcome->id_token : outcome->access_token;
    }
    if (visit_.signed_in() == nullptr) return judge_(visit_, Waiting{later, next_});
    if (visit_.tokens.*needed_.place) return tokens_first(visit_, background_, judge_, Waiting{later, next_});
    if (outcome || outcome.error().kind != Kind::refused) return unproven_verdict(visit_);
    if (needed_.is_must && !lets_anybody_pass(visit_)) return refused_verdict(visit_);
    return judge_(visit_, Waiting{later, next_});
  }

  // Ends nothing and brings nothing.
  static RefreshOutcome nothing_new() { return RefreshFailure{}; }

  Visit visit_;
  Needed needed_;
  BackgroundRefreshes& background_;
  JudgeVisit judge_;
  LaterVerdict later_;
  const std::uint64_t keyring_generation_ = visit_.realm.keyring_generation();
  std::unique_ptr<AuthQuestions::Question> question_;
  std::unique_ptr<PendingVerdict> next_;
};

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
  waiting.wait = std::make_unique<TokenWait>(std::move(fetching), std::move(*step.fetch), background, std::move(judge),
                                             std::move(waiting.later));
  Verdict verdict;
  verdict.kind = Verdict::Kind::wait;
  return verdict;
}

}  // namespace lp
