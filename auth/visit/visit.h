#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/pages/pages.h"
#include "auth/realm/session_cookie.h"
#include "auth/rules/authorize.h"
#include "auth/rules/decision.h"
#include "auth/visit/route_finder.h"
#include "auth/visit/verdict.h"

// One request on its way through auth/: what each feature (sign-in, callback, sign-out, ...) is given, and the verdicts
// that they share. Copies are cheap; all it refers to outlives the verdict.
namespace lp {

struct Visit {
  RequestFacts facts;
  Realm& realm;
  EventLoop& loop;
  SessionCookie& cookies;
  SessionLookup session;  // signed out where the request is not asked who it is
  std::int64_t now_s = 0;
  std::int64_t now_ms = 0;              // when the request came
  RouteTokens tokens{};                 // what the route needs of them (auth/gate/app_tokens_first.h)
  bool cannot_have_tokens = false;      // it needs one, and only another sign-in brings what it takes
  const RouteFinder* routes = nullptr;  // for links; null: no link is judged, and none offered
  bool cannot_ask_patreon = false;      // that would take a token which only another sign-in brings

  [[nodiscard]] const Settings& settings() const { return *realm.settings; }
  [[nodiscard]] const Fields& fields() const { return facts.head->fields; }
  [[nodiscard]] OnBehalfOf on_behalf() const { return {std::string(facts.request_id), std::string(facts.client)}; }
  // The request brought an access token of its own: no session stands behind it, and it is never redirected.
  [[nodiscard]] bool has_token() const { return session.opened && session.opened->token; }
  [[nodiscard]] const Session* signed_in() const {
    return session.opened && !has_token() ? &session.opened->session : nullptr;
  }
  // Nobody whom we ever let in, as far as is known: no session of ours, not even one that has ended, and no token.
  [[nodiscard]] bool is_stranger() const {
    return !session.opened && !session.expired && session.ended_at_ms == 0 && session.to_load.empty() &&
           !session.not_loaded;
  }
  // Who asks, as rules see them; valid as long as the visit.
  [[nodiscard]] Asker asker() const;
  [[nodiscard]] std::optional<Principal> principal() const;
  // For the rules of a route, which may be another than facts.route: an address names another organization by each.
  [[nodiscard]] std::optional<Principal> principal_on(const RouteSettings& route) const;
  [[nodiscard]] bool is_navigation() const;
  [[nodiscard]] bool may_start_sign_in() const;
  // "https://app.example/_auth/callback": as Logto knows it, below sign_in_url where there is one.
  [[nodiscard]] std::string own_url(std::string_view endpoint) const;
  [[nodiscard]] std::string callback_url() const;  // the redirect URI of sign-ins that begin now
  // A vetted target as it must be written where the sign-in ends: absolute where that is another origin.
  [[nodiscard]] std::string place(std::string_view return_to) const;
  // Path and query of this request as a return_to; nothing where the guard refuses it.
  [[nodiscard]] std::optional<std::string> own_target() const;
  [[nodiscard]] std::string own_return_to() const;  // "/" then
};

// Where a verdict that has to wait is delivered.
struct Waiting {
  LaterVerdict later;
  std::unique_ptr<PendingVerdict>& wait;
};

// After a wait: by the ring of secrets as it is now. What is under a secret that has left it is over, so that the visit
// is signed out then.
void judge_secret_again(Visit& visit);

[[nodiscard]] PageFacts page_facts(const Visit& visit);
// The page of ours at which the link stood that led here, as a way back; empty where that is another site's, or this
// very page.
[[nodiscard]] std::string way_back(const RequestFacts& facts, const Settings& settings);
// As a person would say it: name, username, e-mail, else the subject.
[[nodiscard]] std::string display_name(const Session& session);

// An answer of ours. A 401 gets the challenges of its route (auth/rules/challenge.h), JSON may be read by scripts of
// allowed origins (auth/rules/cors.h). A session cookie that does not open stays where it is: the answer might overtake
// a sign-in in another tab and delete its cookie. The next sign-in writes over it, with all its pieces.
[[nodiscard]] Verdict answer_verdict(const Visit& visit, std::string_view decision, Answer answer);
// A page for navigations, JSON for everything else.
[[nodiscard]] Verdict status_verdict(const Visit& visit, std::string_view decision, int status);
[[nodiscard]] Verdict redirect_verdict(const Visit& visit, std::string_view decision, std::string location);
// 429 by auth/realm/stranger_limits.h, for whoever asks: made once, as cheap as it can be.
[[nodiscard]] Verdict too_many_verdict();
// 401 without a redirect: a page with a link, or JSON with the URL to open in a window.
[[nodiscard]] Verdict unauthenticated_verdict(const Visit& visit, std::string_view decision);
// 401 for a session that is good but whose sign-in is too long ago (RFC 9470): likewise, and signing in by that link or
// URL asks for one of at most `max_age_s`.
[[nodiscard]] Verdict step_up_verdict(const Visit& visit, std::string_view decision, std::int64_t max_age_s);
// What the app is told; a pass verdict that was kept for a while has it made again.
[[nodiscard]] std::shared_ptr<const AppHeaders> headers_for_app(const Visit& visit);

// Set-Cookie values that keep the session from idling out; mostly none.
[[nodiscard]] std::vector<std::string> cookies_to_renew(const Visit& visit);
void append_cookies(Verdict& verdict, std::vector<std::string> cookies);

}  // namespace lp
