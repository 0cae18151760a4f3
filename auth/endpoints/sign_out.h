#pragma once
#include <string>

#include "auth/visit/visit.h"

// /_auth/sign-out and the page it ends on, /_auth/signed-out.
namespace lp {

// Ends the local session, with ?everywhere=1 all sessions of this user, revokes the refresh token (Logto's end-session
// lets those of offline_access live, Logto fact 5), and sends the browser to Logto's end-session. For a POST from our
// own pages or a same-site navigation, for everywhere=1 a same-origin one; a navigation from elsewhere is asked first,
// everything else refused: <img src=/_auth/sign-out> signs nobody out (threat O36).
[[nodiscard]] Verdict handle_sign_out(const Visit& visit, Waiting waiting);
// The same, and then on to `then`: a vetted place of ours, or empty for our page. It makes the way through Logto
// as the request's `state`.
[[nodiscard]] Verdict sign_out_to(const Visit& visit, std::string then, Waiting waiting);
// For a script of this origin (is_script_of_same_origin): Logto's session goes on, for no script can follow the way
// there. `then` or JSON is the answer.
[[nodiscard]] Verdict sign_out_for_script(const Visit& visit, std::string then, Waiting waiting);
// One line for each session of a person that is ended on this request, whoever caused it. `sub` may be unknown.
void tell_signed_out(const Visit& visit, std::string_view sub, std::string_view by);
[[nodiscard]] Verdict handle_signed_out(const Visit& visit, Waiting waiting);
// Where the answer to a sign-out form leads in the end: sources for form-action.
[[nodiscard]] std::string sign_out_form_origins(const Settings& settings);

}  // namespace lp
