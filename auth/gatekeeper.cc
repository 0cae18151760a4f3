#include "auth/gatekeeper.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "auth/authorization_request.h"
#include "auth/authorize.h"
#include "auth/hold_request.h"
#include "auth/load_session.h"
#include "auth/loop_stop.h"
#include "auth/navigation.h"
#include "auth/own_endpoints.h"
#include "auth/pages.h"
#include "auth/session_refresh.h"
#include "auth/sign_in.h"
#include "auth/store_trust.h"
#include "auth/visit.h"
#include "auth/watched_sessions.h"

namespace lp {
namespace {

SignInStart start_for_route(const Visit& visit) {
  SignInStart start;
  start.return_to = visit.own_return_to();
  start.sign_in = visit.facts.route->sign_in;
  start.route = visit.facts.route->index;
  start.decision = "sign_in";
  return start;
}

// `unauthenticated: redirect` is for clients that follow redirects without looking like browsers; a body or an upgrade
// goes nowhere even then.
bool redirects_when_signed_out(const Visit& visit) {
  const std::string_view method = visit.facts.head->method;
  switch (visit.facts.route->unauthenticated) {
    case Unauthenticated::automatic:
      return visit.may_start_sign_in();
    case Unauthenticated::redirect:
      return !visit.facts.wants_upgrade && (method == "GET" || method == "HEAD");
    case Unauthenticated::status_401:
      return false;
  }
  return false;
}

// Redirects lose what only the browser knows, the #fragment: a page with a small script takes it along.
bool wants_fragment_carried(const Visit& visit) {
  const SignInSettings sign_in = effective_sign_in(visit.settings().logto.sign_in, visit.facts.route->sign_in);
  return sign_in.keep_fragment.value_or(false) && visit.facts.head->method == "GET" && visit.is_navigation();
}

Verdict sign_in(const Visit& visit, Waiting waiting) {
  if (!redirects_when_signed_out(visit)) {
    std::optional<Verdict> held = hold_or_explain(visit, std::move(waiting));
    return held ? std::move(*held) : unauthenticated_verdict(visit, "unauthenticated");
  }
  if (wants_fragment_carried(visit)) {
    return answer_verdict(visit, "sign_in", make_page(PageKind::carry_fragment, page_facts(visit)));
  }
  return start_sign_in(visit, start_for_route(visit), std::move(waiting));
}

Verdict revalidate(const Visit& visit, Waiting waiting) {
  SignInStart start = start_for_route(visit);
  if (stop_silent_loop(visit, start.return_to)) return pass_verdict(visit);
  start.silent = true;
  start.otherwise = pass_verdict(visit);  // Logto's absence signs nobody out
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

Verdict forbid(const Visit& visit, const Authorization& authorization) {
  if (visit.is_navigation()) {
    PageFacts facts = page_facts(visit);
    if (const Session* session = visit.signed_in()) facts.user = display_name(*session);
    facts.missing = authorization.missing;
    return answer_verdict(visit, "forbidden", make_page(PageKind::forbidden, facts));
  }
  nlohmann::ordered_json missing = nlohmann::ordered_json::array();
  for (const Requirement* requirement : authorization.missing) {
    missing.push_back(describe_requirement(*requirement, Audience::public_));
  }
  return answer_verdict(visit, "forbidden",
                        make_json_error(403, "forbidden", "This account may not use this address.",
                                        visit.facts.request_id, {{"missing", missing}}));
}

// Asks Logto whether it still vouches for the session, at most once in session.revalidate, when a person navigates: the
// detour must be possible and invisible. Other requests go on with the session in hand.
bool should_revalidate(const Visit& visit) {
  return visit.session.age == SessionAge::due_for_revalidation && visit.signed_in() != nullptr &&
         visit.may_start_sign_in() && visit.facts.route->unauthenticated != Unauthenticated::status_401;
}

Verdict judge_route(const Visit& visit, Waiting waiting) {
  const std::optional<Principal> who = visit.principal();
  const Authorization authorization = authorize(*visit.facts.route, who ? &*who : nullptr, visit.now_s);
  switch (authorization.verdict) {
    case Authorization::Verdict::denied:
      return status_verdict(visit, "deny", 403);
    case Authorization::Verdict::sign_in:
      return sign_in(visit, std::move(waiting));
    case Authorization::Verdict::step_up:
    case Authorization::Verdict::forbidden:
      return forbid(visit, authorization);
    case Authorization::Verdict::pass:
      if (std::optional<Verdict> resumed = resume_held(visit)) return std::move(*resumed);
      return should_revalidate(visit) ? revalidate(visit, std::move(waiting)) : pass_verdict(visit);
  }
  return status_verdict(visit, "deny", 403);
}

// Nobody is asked who they are where it makes no difference.
bool needs_session(const RouteSettings& route) {
  const bool has_rules = !route.require.empty() || !route.deny.empty();
  return !(route.access == Access::deny || (route.access == Access::public_ && !has_rules));
}

}  // namespace

struct Gatekeeper::Impl {
  Realm& realm;
  EventLoop& loop;
  SessionCookie https_cookies;
  SessionCookie http_cookies;
  BackgroundRefreshes background;
  WatchedSessions watched;

  Impl(Realm& realm_in, EventLoop& loop_in)
      : realm(realm_in),
        loop(loop_in),
        https_cookies(realm_in, true),
        http_cookies(realm_in, false),
        background(realm_in, loop_in),
        watched(realm_in, loop_in) {}

  // Tokens that run out are renewed before anybody passes, or on the side while there is time.
  Verdict judge_fresh(const Visit& visit, JudgeVisit judge, Waiting waiting) {
    if (visit.session.age == SessionAge::must_refresh && visit.signed_in() != nullptr) {
      return refresh_first(visit, std::move(judge), std::move(waiting));
    }
    if (visit.session.age == SessionAge::due_for_refresh && visit.signed_in() != nullptr) {
      background.start(visit.cookies, visit.cookies.value_of(visit.fields()), visit.session, visit.facts.request_id);
    }
    return judge(visit, std::move(waiting));
  }

  // Sessions in a store are fetched first, and while Redis is away less is allowed.
  Verdict judge_known(const Visit& visit, JudgeVisit judge, Waiting waiting) {
    if (visit.session.to_load.empty()) return judge_trusted(visit, std::move(judge), std::move(waiting));
    const auto then = [this, judge = std::move(judge)](const Visit& loaded, Waiting later) {
      return judge_trusted(loaded, judge, std::move(later));
    };
    return load_session_first(visit, WithoutStore::refuse, then, std::move(waiting));
  }

  Verdict judge_trusted(const Visit& visit, JudgeVisit judge, Waiting waiting) {
    const StoreTrust trust = store_trust(*realm.settings, realm.store_health.last_ms(), realm.clock.monotonic_ms());
    if (visit.signed_in() != nullptr && !may_go_on(trust, visit.facts.head->method, visit.facts.wants_upgrade)) {
      return unproven_verdict(visit);
    }
    return judge_fresh(visit, std::move(judge), std::move(waiting));
  }

  Verdict judge_own(const RequestFacts& facts, Waiting waiting) {
    const Visit made = visit(facts, true);
    if (shows_session(facts.path, realm.settings->auth_prefix)) {
      return judge_known(made, answer_own_endpoint, std::move(waiting));
    }
    if (made.session.to_load.empty()) return answer_own_endpoint(made, std::move(waiting));
    return load_session_first(made, WithoutStore::signed_out, answer_own_endpoint, std::move(waiting));
  }

  Visit visit(const RequestFacts& facts, bool with_session) {
    SessionCookie& cookies = facts.external->is_https() ? https_cookies : http_cookies;
    const std::int64_t now_ms = realm.clock.unix_ms();
    Visit made{facts, realm, loop, cookies, SessionLookup{}, now_ms / 1000, now_ms};
    if (with_session) made.session = cookies.look_up(facts.head->fields, made.now_s);
    return made;
  }
};

Gatekeeper::Gatekeeper(Realm& realm, EventLoop& loop) : impl_(std::make_unique<Impl>(realm, loop)) {}
Gatekeeper::~Gatekeeper() = default;

bool Gatekeeper::is_own_path(std::string_view path) const {
  return lies_below_prefix(path, impl_->realm.settings->auth_prefix);
}

Verdict Gatekeeper::judge(const RequestFacts& facts, Later later, std::unique_ptr<Wait>& wait) {
  LP_CHECK(facts.head != nullptr && facts.external != nullptr, "a request without head or external URL");
  Waiting waiting{std::move(later), wait};
  if (is_own_path(facts.path)) return impl_->judge_own(facts, std::move(waiting));
  if (facts.route == nullptr) return status_verdict(impl_->visit(facts, false), "no_route", 404);
  return impl_->judge_known(impl_->visit(facts, needs_session(*facts.route)), judge_route, std::move(waiting));
}

bool Gatekeeper::is_over(const OpenedSession& session, std::int64_t now_s) const {
  return impl_->watched.is_over(session, now_s);
}

void Gatekeeper::drop_stale_cookies(const OpenedSession* opened, std::vector<std::string>& set_cookies) const {
  if (opened == nullptr || set_cookies.empty()) return;
  const Session& session = opened->session;
  const Realm& realm = impl_->realm;
  const bool wanted = !realm.generations.is_stale(session.id, session.generation + 1, realm.clock.unix_s()) &&
                      !realm.revocations.is_revoked(opened->revocation_keys, session.signed_in_at_ms);
  if (wanted) return;
  std::erase_if(set_cookies, [&](const std::string& line) {
    return impl_->https_cookies.is_session_cookie(line) || impl_->http_cookies.is_session_cookie(line);
  });
}

Answer Gatekeeper::error_answer(int status, const RequestHead* head, std::string_view request_id) const {
  PageFacts facts;
  facts.request_id = request_id;
  facts.auth_prefix = impl_->realm.settings->auth_prefix;
  if (head == nullptr) return make_status_page(status, facts);
  if (!is_navigation(head->method, head->fields)) return make_status_json(status, request_id);
  facts.accept_language = head->fields.get("Accept-Language");
  return make_status_page(status, facts);
}

}  // namespace lp
