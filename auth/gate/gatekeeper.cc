#include "auth/gate/gatekeeper.h"

#include <algorithm>
#include <utility>

#include "auth/endpoints/oauth2_proxy.h"
#include "auth/endpoints/sign_in.h"
#include "auth/gate/app_tokens_first.h"
#include "auth/gate/bearer_tokens.h"
#include "auth/gate/forbid.h"
#include "auth/gate/new_members.h"
#include "auth/gate/own_endpoints.h"
#include "auth/gate/patreon_first.h"
#include "auth/gate/refresh_first.h"
#include "auth/gate/shadow.h"
#include "auth/gate/watched_sessions.h"
#include "auth/held/hold_request.h"
#include "auth/loops/pass.h"
#include "auth/loops/stop.h"
#include "auth/oidc/app_token_needs.h"
#include "auth/oidc/authorization_request.h"
#include "auth/pages/pages.h"
#include "auth/rules/authorize.h"
#include "auth/rules/challenge.h"
#include "auth/rules/cors.h"
#include "auth/rules/decision.h"
#include "auth/rules/navigation.h"
#include "auth/rules/return_to.h"
#include "auth/rules/route_modes.h"
#include "auth/session/session_times.h"
#include "auth/session/store_trust.h"
#include "auth/visit/forward_auth.h"
#include "auth/visit/load_first.h"
#include "auth/visit/visit.h"
#include "config/apps.h"
#include "config/host_pattern.h"
#include "config/patreon_rules.h"
#include "config/shared_ends.h"

namespace lp {
namespace {

constexpr std::int64_t kFreshSignInMs = 5 * kMinute;
constexpr std::string_view kForeignOrigin = "foreign_origin";

bool redirects_when_signed_out(const Visit& visit) {
  return redirects_when_signed_out(*visit.facts.route, *visit.facts.head, visit.facts.wants_upgrade);
}

// Where a redirect would lose the fragment, a page that takes it along.
std::optional<Verdict> carry_fragment(const Visit& visit, const Decision& decision, std::string_view word) {
  if (!decision.carries_fragment) return std::nullopt;
  return answer_verdict(visit, word, make_page(PageKind::carry_fragment, page_facts(visit)));
}

// Before it is found out where it would lead back to: that is most of what it costs.
Verdict sign_in(const Visit& visit, const Decision& decision, Waiting waiting) {
  if (visit.is_stranger() && !visit.realm.strangers.admit(visit.facts.counted_client())) return too_many_verdict();
  if (auto page = carry_fragment(visit, decision, "sign_in")) return std::move(*page);
  return start_sign_in(visit, start_for_route(visit), std::move(waiting));
}

Verdict unauthenticated(const Visit& visit, Waiting waiting) {
  std::optional<Verdict> held = hold_or_explain(visit, std::move(waiting));
  return held ? std::move(*held) : unauthenticated_verdict(visit, "unauthenticated");
}

// Who could not be brought back to what they asked for is not sent away: nothing of it is theirs to mend.
Verdict revalidate(const Visit& visit, Waiting waiting) {
  if (!visit.own_target()) return pass_verdict(visit);
  SignInStart start = start_for_route(visit);
  if (stop_silent_loop(visit, start.return_to)) return pass_verdict(visit);
  start.silent = true;
  start.decision = "revalidate";
  start.otherwise = pass_verdict(visit);  // Logto's absence signs nobody out
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

// The person proves anew who they are.
Verdict step_up(const Visit& visit, const Decision& decision, Waiting waiting) {
  if (auto page = carry_fragment(visit, decision, kStepUp)) return std::move(*page);
  SignInStart start = start_for_route(visit);
  start.step_up = true;
  start.max_age_s = decision.authorization.max_age_s;
  start.decision = kStepUp;
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

// Asks Logto whether it still vouches for the session, at most once in session.revalidate, when a person navigates: the
// detour must be possible and invisible. Other requests go on with the session in hand.
bool should_revalidate(const Visit& visit) {
  // Who asks there sends people to a page that sends whoever is signed in straight back.
  if (visit.facts.forwarded == ForwardedForm::oauth2_auth) return false;
  return visit.session.age == SessionAge::due_for_revalidation && visit.signed_in() != nullptr &&
         visit.may_start_sign_in() && visit.facts.route->unauthenticated != Unauthenticated::status_401;
}

// Only another sign-in brings a refresh token. Who has just been through one is not sent again: Logto gives none, which
// the operator must see to.
Verdict sign_in_for_tokens(const Visit& visit, Waiting waiting) {
  const bool has_just_signed_in = visit.now_ms - visit.signed_in()->signed_in_at_ms < kFreshSignInMs;
  if (!has_just_signed_in && redirects_when_signed_out(visit)) {
    return start_sign_in(visit, start_for_route(visit), std::move(waiting));
  }
  if (has_just_signed_in) {
    visit.realm.log.error(
        "a route passes on tokens, but Logto gave this session no refresh token: set logto.refresh: offline_access, or "
        "let the application at Logto always issue refresh tokens",
        {{"id", visit.facts.request_id}, {"route", visit.facts.route->label}});
  }
  return unauthenticated_verdict(visit, "no_refresh_token");
}

// The app is told of nobody, but gets what is for everybody, and no Authorization of the client's where one is ours.
Verdict preflight_verdict(const Visit& visit) {
  Verdict verdict;
  verdict.kind = Verdict::Kind::pass;
  verdict.decision = "preflight";
  verdict.app_headers = headers_for_app(visit);
  return verdict;
}

Verdict pass(const Visit& visit, Waiting waiting) {
  if (visit.cannot_have_tokens) return sign_in_for_tokens(visit, std::move(waiting));
  if (std::optional<Verdict> resumed = resume_held(visit)) return std::move(*resumed);
  return should_revalidate(visit) ? revalidate(visit, std::move(waiting)) : pass_verdict(visit);
}

Decision decide(const Visit& visit) {
  const RequestFacts& facts = visit.facts;
  const AskedOnRoute asked{*facts.head,         facts.external->host, facts.path,
                           facts.wants_upgrade, facts.upgrade_origin, facts.forwarded != ForwardedForm::none};
  return decide(*visit.facts.route, asked, visit.asker(), visit.settings().logto.sign_in, visit.now_s);
}

// Nothing is wrong with the session: what became of it leaves with this answer as with a pass.
Verdict refuse_foreign_websocket(const Visit& visit, const Decision& decision) {
  visit.realm.log.info("a WebSocket was refused for where its page is from: allowed_origins of the route would let it",
                       {{"id", visit.facts.request_id},
                        {"origin", visit.fields().get("Origin")},
                        {"route", std::string_view(visit.facts.route->label)}});
  Verdict verdict = status_verdict(visit, kForeignOrigin, 403);
  append_cookies(verdict, cookies_to_renew(visit));
  note_shadow(verdict, decision);
  return verdict;
}

// What is decided, carried out.
Verdict judge_route(const Visit& visit, Waiting waiting) {
  if (visit.cannot_ask_patreon) return sign_in_for_tokens(visit, std::move(waiting));
  const Decision decision = decide(visit);
  if (visit.facts.route->shadow && decision.kind == Decision::Kind::pass) return pass_in_shadow(visit, decision);
  switch (decision.kind) {
    case Decision::Kind::preflight:
      return preflight_verdict(visit);
    case Decision::Kind::pass:
      return pass(visit, std::move(waiting));
    case Decision::Kind::sign_in:
      return sign_in(visit, decision, std::move(waiting));
    case Decision::Kind::unauthenticated:
      return unauthenticated(visit, std::move(waiting));
    case Decision::Kind::token_missing:
      return token_missing_verdict(visit);
    case Decision::Kind::step_up:
      return step_up(visit, decision, std::move(waiting));
    case Decision::Kind::step_up_needed:
      return step_up_verdict(visit, kStepUp, decision.authorization.max_age_s);
    case Decision::Kind::choose_account:
      return choose_account(visit, decision.authorization, std::move(waiting));
    case Decision::Kind::forbidden:
      return forbidden_verdict(visit, decision.authorization);
    case Decision::Kind::no_organization:
      return status_verdict(visit, "no_organization", 404);
    case Decision::Kind::foreign_origin:
      return refuse_foreign_websocket(visit, decision);
    case Decision::Kind::denied:
      break;
  }
  return status_verdict(visit, "deny", 403);
}

// Nobody whom the rules refuse costs a call to Logto, unless the rules judge what comes of it.
bool may_have_tokens(const Visit& visit) {
  if (visit.signed_in() == nullptr || visit.cannot_ask_patreon) return false;
  const RouteSettings& route = *visit.facts.route;
  const Decision::Kind kind = decide(visit).kind;
  if (kind == Decision::Kind::no_organization || kind == Decision::Kind::foreign_origin) return false;
  return kind == Decision::Kind::pass || judges_scopes(route);
}

bool some_route_needs_tokens(const Settings& settings) {
  return std::any_of(settings.routes.begin(), settings.routes.end(),
                     [&](const RouteSettings& route) { return needs_tokens(route, settings); });
}

constexpr bool is_worth_a_try(int status) { return status >= 502 && status <= 504; }

// What may be asked for once more by a link: nothing was sent with it.
std::string same_again(const RequestFacts& request, const Settings& settings) {
  const std::string_view method = request.head->method;
  if (method != "GET" && method != "HEAD") return {};
  return vet_own_target(request.target_as_sent(), *request.external, settings).value_or("");
}

// Ways on from a page about a request that got as far as a path of ours.
void add_ways_on(PageFacts& facts, int status, const RequestFacts& request, const Settings& settings) {
  facts.is_home = request.path == "/" || !serves_start_page(settings, request.external);
  if (request.head == nullptr || request.external == nullptr || request.path.empty()) return;
  facts.back_to = way_back(request, settings);
  if (is_worth_a_try(status)) facts.return_to = same_again(request, settings);
}

// For whoever comes by a wrong address: the right one, where there is but one. It stands in DNS and certificates.
std::string only_address(const Settings& settings) {
  const bool is_one =
      settings.realms.empty() && settings.external_urls.size() == 1 && !is_wildcard(settings.external_urls[0].host);
  return is_one ? settings.external_urls[0].text() : std::string();
}

}  // namespace

struct Gatekeeper::Impl {
  class OwnEndpoints final : public Responder {
   public:
    explicit OwnEndpoints(Impl& impl) : impl_(impl) {}
    Verdict judge(const RequestFacts& facts, LaterVerdict later, std::unique_ptr<PendingVerdict>& wait) override {
      return impl_.judge_own(facts, {std::move(later), wait});
    }

   private:
    Impl& impl_;
  };

  Realm& realm;
  EventLoop& loop;
  const RouteFinder* routes;
  SessionCookie https_cookies;
  SessionCookie http_cookies;
  BackgroundRefreshes background;
  WatchedSessions watched;
  BearerTokens bearer;
  const bool may_ask_patreon;  // on some route: where none does, nobody walks through rules to find that out
  const bool may_need_tokens;
  OwnEndpoints own_endpoints{*this};

  Impl(Realm& realm_in, EventLoop& loop_in, const RouteFinder* routes_in)
      : realm(realm_in),
        loop(loop_in),
        routes(routes_in),
        https_cookies(realm_in, true),
        http_cookies(realm_in, false),
        background(realm_in, loop_in),
        watched(realm_in, loop_in),
        bearer(realm_in),
        may_ask_patreon(asks_patreon(*realm_in.settings)),
        may_need_tokens(some_route_needs_tokens(*realm_in.settings)) {}

  // Tokens that run out are renewed before anybody passes, or on the side while there is time.
  Verdict judge_fresh(const Visit& visit, const JudgeVisit& judge, Waiting&& waiting) {
    if (visit.session.age == SessionAge::must_refresh && visit.signed_in() != nullptr) {
      return refresh_first(visit, judge, std::move(waiting));
    }
    if (visit.session.age == SessionAge::due_for_refresh && visit.signed_in() != nullptr) {
      background.start(visit.cookies, visit.cookies.value_of(visit.fields()), visit.session, visit.facts.request_id);
    }
    if (may_have_joined(visit)) return refresh_first(visit, judge, std::move(waiting));
    return judge(visit, std::move(waiting));
  }

  Verdict judge_with_tokens(const Visit& visit, Waiting waiting) {
    if (!may_have_tokens(visit)) return judge_route(visit, std::move(waiting));
    return tokens_first(visit, background, judge_route, std::move(waiting));
  }

  // Sessions in a store are fetched first, and while Redis is away less is allowed.
  Verdict judge_known(const Visit& visit, const JudgeVisit& judge, Waiting&& waiting) {
    if (visit.session.is_refused) return too_many_verdict();
    if (visit.session.to_load.empty()) return judge_trusted(visit, judge, std::move(waiting));
    if (!may_go_on(visit)) return unproven_verdict(visit);  // without waiting for who does not answer
    const auto then = [this, judge](const Visit& loaded, Waiting later) {
      return judge_trusted(loaded, judge, std::move(later));
    };
    return load_session_first(visit, WithoutStore::refuse, then, std::move(waiting));
  }

  [[nodiscard]] bool may_go_on(const Visit& visit) const {
    if (!shares_ended_sessions(*realm.settings)) return true;  // before a clock is asked for nothing
    const StoreTrust trust = store_trust(*realm.settings, realm.store_health, realm.clock.monotonic_ms());
    const RequestFacts& facts = visit.facts;  // a method that nobody tells may be one that changes something
    const bool is_known = facts.method_is_told && facts.method_is_certain;
    return lp::may_go_on(trust, is_known ? facts.head->method : std::string_view(), facts.wants_upgrade);
  }

  Verdict judge_trusted(const Visit& visit, const JudgeVisit& judge, Waiting&& waiting) {
    if (visit.signed_in() != nullptr && !may_go_on(visit)) return unproven_verdict(visit);
    return judge_fresh(visit, judge, std::move(waiting));
  }

  // A token that the route accepts goes before a session: a script that sends one means it, and a cookie that happens
  // to be there must neither replace nor widen what the token may do.
  Verdict judge_on_route(const RequestFacts& facts, Waiting&& waiting) {
    const RouteSettings& route = *facts.route;
    if (counts_on_route(route, Asker::Kind::token)) {
      const BearerField field = find_bearer(facts.head->fields);
      if (field.kind != BearerField::Kind::none) {
        return bearer.judge(visit(facts, false), field, judge_route, std::move(waiting));
      }
    }
    const Visit made = visit(facts, counts_on_route(route, Asker::Kind::session));
    if (made.is_stranger() && !realm.strangers.admit_public(facts.counted_client())) return too_many_verdict();
    if (may_ask_patreon && (asks_patreon(route) || (facts.also_asked != nullptr && asks_patreon(*facts.also_asked))))
      return judge_member(made, std::move(waiting));
    if (!may_need_tokens || !needs_tokens(route, *realm.settings))
      return judge_known(made, judge_route, std::move(waiting));
    const auto with_tokens = [this](const Visit& visited, Waiting later) {
      return judge_with_tokens(visited, std::move(later));
    };
    return judge_known(made, with_tokens, std::move(waiting));
  }

  // What Patreon says of them comes before what apps get: it decides who gets it.
  Verdict judge_member(const Visit& made, Waiting&& waiting) {
    const auto with_tokens = [this](const Visit& visited, Waiting later) {
      if (!needs_tokens(*visited.facts.route, *realm.settings)) return judge_route(visited, std::move(later));
      return judge_with_tokens(visited, std::move(later));
    };
    const auto with_patreon = [with_tokens](const Visit& visited, Waiting later) {
      return patreon_first(visited, with_tokens, std::move(later));
    };
    return judge_known(made, with_patreon, std::move(waiting));
  }

  Verdict judge_own(const RequestFacts& facts, Waiting waiting) {
    const Visit made = visit(facts, !asks_nobody(facts.path, *realm.settings));
    if (is_one_too_many(made)) return too_many_verdict();
    if (shows_session(facts.path, *realm.settings)) {
      return judge_known(made, answer_own_endpoint, std::move(waiting));
    }
    if (made.session.to_load.empty()) return answer_own_endpoint(made, std::move(waiting));
    return load_session_first(made, WithoutStore::signed_out, answer_own_endpoint, std::move(waiting));
  }

  [[nodiscard]] bool is_one_too_many(const Visit& made) const {
    if (made.session.is_refused) return true;
    return made.is_stranger() && is_for_people(made.facts.path, *realm.settings) &&
           !realm.strangers.admit(made.facts.counted_client());
  }

  Verdict judge_routed(const RequestFacts& facts, Waiting&& waiting) {
    if (facts.route == nullptr) return status_verdict(visit(facts, false), "no_route", 404);
    if (passes_as_preflight(*facts.route, *facts.head, facts.wants_upgrade))
      return preflight_verdict(visit(facts, false));
    return judge_on_route(facts, std::move(waiting));
  }

  // Checks of oauth2-proxy's kind alone have no route where whoever is signed in passes.
  Verdict judge_asked(const RequestFacts& facts, Waiting waiting) {
    if (facts.route != nullptr || !is_of_oauth2_proxy(facts.forwarded)) return judge_routed(facts, std::move(waiting));
    return judge_known(visit(facts, true), let_anybody_signed_in_pass, std::move(waiting));
  }

  // The verdict is that of the request itself; what comes of it goes to the proxy that asked.
  Verdict judge_forwarded(const RequestFacts& facts, Waiting waiting) {
    auto later = [this, facts, deliver = std::move(waiting.later)](Verdict verdict) {
      deliver(answer_check(facts, std::move(verdict)));
    };
    Verdict verdict = judge_asked(facts, {std::move(later), waiting.wait});
    return verdict.kind == Verdict::Kind::wait ? std::move(verdict) : answer_check(facts, std::move(verdict));
  }

  Verdict answer_check(const RequestFacts& facts, Verdict verdict) const {
    verdict.replaced_body.reset();
    const SessionCookie& cookies = facts.external->is_https() ? https_cookies : http_cookies;
    if (is_of_oauth2_proxy(facts.forwarded)) {
      return answer_oauth2_check(facts, *realm.settings, cookies.names().session, std::move(verdict),
                                 realm.clock.unix_s());
    }
    const bool passes = verdict.kind == Verdict::Kind::pass;
    verdict.answer = passes ? grant(facts, verdict) : refusal_answer(facts.forwarded, std::move(verdict.answer));
    verdict.kind = Verdict::Kind::answer;
    if (facts.forwarded != ForwardedForm::original_url) return verdict;
    if (!keep_one_cookie(verdict.set_cookies, cookies.names().session) && passes) verdict.decision = "not_renewed";
    return verdict;
  }

  // What the app would be told if we sent the request on.
  Answer grant(const RequestFacts& facts, const Verdict& verdict) const {
    std::vector<std::string> removed;
    if (facts.forwarded == ForwardedForm::path) removed = identity_names(*realm.settings, *facts.route);
    const bool is_in_place = verdict.app_headers && verdict.app_headers->replaces_authorization;
    if (!removed.empty() && is_in_place) removed.emplace_back("Authorization");
    return grant_answer(200, lines_for_app(facts, verdict), removed);
  }

  Visit visit(const RequestFacts& facts, bool with_session) {
    SessionCookie& cookies = facts.external->is_https() ? https_cookies : http_cookies;
    const std::int64_t now_ms = realm.clock.unix_ms();
    cookies.follow_keyring();
    const std::int64_t now_s = now_ms / 1000;
    return {facts,
            realm,
            loop,
            cookies,
            with_session ? cookies.look_up(facts.head->fields, now_s, facts.counted_client()) : SessionLookup{},
            now_s,
            now_ms,
            {},
            false,
            routes};
  }
};

Gatekeeper::Gatekeeper(Realm& realm, EventLoop& loop, const RouteFinder* routes)
    : impl_(std::make_unique<Impl>(realm, loop, routes)) {}
Gatekeeper::~Gatekeeper() = default;

Verdict Gatekeeper::judge(const RequestFacts& facts, LaterVerdict later, std::unique_ptr<PendingVerdict>& wait) {
  LP_CHECK(facts.head != nullptr && facts.external != nullptr, "a request without head or external URL");
  Waiting waiting{std::move(later), wait};
  if (facts.forwarded != ForwardedForm::none) return impl_->judge_forwarded(facts, std::move(waiting));
  return impl_->judge_routed(facts, std::move(waiting));
}

Responder& Gatekeeper::own_endpoints() { return impl_->own_endpoints; }

SessionStand Gatekeeper::stand_of(const OpenedSession& session, std::int64_t now_s) const {
  if (!session.token) return impl_->watched.stand_of(session, now_s);
  return impl_->bearer.is_over(session, now_s) ? SessionStand::ended : SessionStand::goes_on;
}

void Gatekeeper::drop_stale_cookies(const OpenedSession* opened, std::vector<std::string>& set_cookies) const {
  if (opened == nullptr || set_cookies.empty()) return;
  const Session& session = opened->session;
  const Realm& realm = impl_->realm;
  const bool wanted = realm.keyring()->holds(opened->secret) &&
                      !realm.generations.is_stale(session.id, session.generation + 1, realm.clock.unix_s()) &&
                      !realm.revocations.is_revoked(opened->revocation_keys, session.signed_in_at_ms);
  if (wanted) return;
  std::erase_if(set_cookies, [&](const std::string& line) {
    return impl_->https_cookies.is_session_cookie(line) || impl_->http_cookies.is_session_cookie(line);
  });
}

Answer Gatekeeper::error_answer(int status, const RequestFacts& request) const {
  const RequestHead* head = request.head;
  const Settings& settings = *impl_->realm.settings;
  PageFacts facts;
  facts.request_id = request.request_id;
  facts.auth_prefix = settings.auth_prefix;
  if (head != nullptr) facts.accept_language = head->fields.get("Accept-Language");
  facts.pages = impl_->realm.pages();
  if (status == 421) facts.served_at = only_address(settings);
  if (status == 421 && head != nullptr) facts.asked_host = head->fields.get("Host");
  add_ways_on(facts, status, request, settings);
  facts.allowed_by = request.allowed_by;
  const bool is_page = head == nullptr || is_navigation(head->method, head->fields);
  Answer answer =
      is_page ? make_status_page(status, facts) : make_status_json(status, request.request_id, request.allowed_by);
  if (status == 401) set_challenges(answer, request.route);
  if (!is_page && request.external != nullptr) add_cors_headers(answer, head->fields, settings, request.route);
  return answer;
}

}  // namespace lp
