#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/oidc/pending_sign_in.h"
#include "auth/visit/visit.h"

// The loop detective at work on requests: reads and writes the marker cookie, answers with the page, logs the cause.
namespace lp {

// Before a browser is sent to Logto, silent requests excepted: the page that stops a loop, which also wipes the marker,
// so that its "try again" starts from nothing; nullopt where the sign-in may start.
[[nodiscard]] std::optional<Verdict> stop_loop(const Visit& visit, std::string_view return_to, int route);

// Before a silent request: true where the ones before it did not last, so that the session passes as it stands.
[[nodiscard]] bool stop_silent_loop(const Visit& visit, std::string_view return_to);

// Whether this browser has just come back from signing in for `return_to`: who they chose to be they have chosen.
[[nodiscard]] bool has_just_signed_in(const Visit& visit, std::string_view return_to);

// A callback that succeeded: nullopt, and `session_cookies` (the Set-Cookie values of the new session) gain a marker
// that notes them; or the page, in place of handing the session over. Sign-ins that a person asked for at our endpoints
// are not noted: whatever loops begins at a route.
[[nodiscard]] std::optional<Verdict> note_delivery(const Visit& visit, const PendingSignIn& pending,
                                                   std::vector<std::string>& session_cookies);

// The page for a callback whose attempt's cookie was missing twice, by which no session was ever made. Where nothing
// but its absence speaks of a loop, the browser may as well be another one, to which somebody has handed the callback's
// address: no page may tell it that signing in goes round in circles for it.
[[nodiscard]] Verdict missing_attempt_verdict(const Visit& visit, std::string_view return_to, int route);
// The page for a callback whose `state` is not ours, if it was made by a proxy with other secrets under this host.
[[nodiscard]] std::optional<Verdict> foreign_state_verdict(const Visit& visit, std::string_view state);

// Somebody who is signed in already asked to sign in: back to `return_to`, or, where that leads here again and again,
// the page that says so.
[[nodiscard]] Verdict send_back(const Visit& visit, const std::string& return_to);

// Deletes the marker if the browser sent one: for each request that passes with a session, and for signing out.
[[nodiscard]] std::vector<std::string> wipe_loop_marker(const Visit& visit);

}  // namespace lp
