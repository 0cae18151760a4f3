#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cookies/loop_marker.h"
#include "auth/session/authentic_session.h"
#include "base/url.h"
#include "config/settings.h"

// Why is this browser being sent to sign in again? Pure.
//
// What counts is a sign-in that succeeded and whose session did not come back, never a mere visit to Logto: ten tabs
// that are restored at once start ten sign-ins for one target, and all of them are in order. The proof is carried by
// the browser (auth/cookies/loop_marker.h) and is wiped by the first request that passes with a session, so that
// signing in, being signed out and signing in again is no loop either. There is deliberately no memory keyed by address
// and user agent: a class room behind one address, or a script that signs in with fresh cookies each time, looks
// exactly like a browser that returns no cookie. That browser never gets past the callback, where the sealed state
// (auth/cookies/sign_in_state.h) tells that its fresh start has been used up: see explain_missing_attempt().
namespace lp {

enum class LoopCause {
  cookie_not_returned,
  cookie_removed_on_path,  // the callback gets the session, the target does not
  insecure_cookie,
  wrong_domain,
  duplicate_cookie,
  cookie_too_large,
  different_secrets,
  clock_skew,
  ended_at_once,
  sent_back,  // signed in, and what they open sends them to sign in (auth/loops/sent_back.h)
};
// One word for logs and programs.
[[nodiscard]] std::string_view loop_cause_word(LoopCause cause);

// One thing that was seen; the texts stand in auth/loops/texts.h and take the values in order.
enum class LoopSight {
  session_was_set,           // seconds ago, cookies, bytes
  nothing_came_back,         //
  some_came_back,            // cookies, bytes
  came_twice,                // cookies
  does_not_open,             // bytes
  cookie_domain,             // session.cookie.domain, host
  plain_http,                // external URL
  none_needs_secure,         // external URL
  secrets_differ,            // their fingerprint, ours
  ahead_of_our_clock,        // seconds
  expired_on_arrival,        // seconds after sign-in
  ended_though_current,      //
  not_in_store,              //
  callback_has_session,      // cookies
  attempt_cookie_missing,    //
  attempt_cookie_opens_not,  //
  sent_back_signed_in,       // times, seconds, path
  told_app,                  // route, names of fields
  told_nothing,              // route
  asked_by_other_proxy,      // route
  answers_itself,            // route
  no_route_there,            //
  action_leads_here,         // routes
};
struct LoopEvidence {
  LoopSight sight;
  std::vector<std::string> values;
};
struct LoopFinding {
  LoopCause cause = LoopCause::cookie_not_returned;
  std::uint64_t sign_ins = 0;  // that succeeded for this target within kLoopWindowMs
  std::vector<LoopEvidence> evidence;
};

inline constexpr std::int64_t kLoopWindowMs = 20'000;

// The request at hand. What is referred to must outlive the call.
struct LoopFacts {
  std::string_view target;  // path and query that the browser wants
  std::int64_t now_ms = 0;
  const Origin& external;
  const SessionSettings& session;
  SessionRemains returned;
  std::string fingerprint;            // secret_fingerprint() of our first secret
  std::optional<bool> came_by_https;  // as the browser sees it; unknown where nobody told
  bool is_signed_in = false;          // the session in hand is accepted
};

// Before a browser is sent to Logto for facts.target: a finding means that it must be shown the reason instead. That is
// the third time within the window; the fifth where the session came back in order and was ended by us, for a person
// may be signed out on purpose again and again.
[[nodiscard]] std::optional<LoopFinding> judge_redirect(const LoopFacts& facts, const FoundMarker& marker);
// At a callback that succeeded for facts.target, before the session is handed over: only here is it seen that something
// takes the cookies away from requests for the target alone (a CDN's rule for a path).
[[nodiscard]] std::optional<LoopFinding> judge_delivery(const LoopFacts& facts, const FoundMarker& marker);
// Before a session in hand is validated silently for facts.target: Logto vouched for it twice within the window, yet
// the browser goes on sending the one from before, or replicas' clocks differ. It is good for passing as it stands, and
// to ask once more would never end.
[[nodiscard]] bool was_just_validated(const LoopFacts& facts, const FoundMarker& marker);
// A sign-in for facts.target succeeded within the window.
[[nodiscard]] bool was_just_signed_in(const LoopFacts& facts, const FoundMarker& marker);
// At a callback whose attempt's cookie is missing though the sign-in was begun afresh for just that reason before.
[[nodiscard]] LoopFinding explain_missing_attempt(const LoopFacts& facts);
// At a callback whose state is not ours: a finding when the browser has a cookie of just that attempt which does not
// open either, so that another proxy under this host's name has begun it.
[[nodiscard]] std::optional<LoopFinding> explain_foreign_state(bool attempt_cookie_was_sent);

// The notes to set once a session is handed over.
[[nodiscard]] std::vector<LoopNote> notes_with(const FoundMarker& marker, LoopNote delivered);

}  // namespace lp
