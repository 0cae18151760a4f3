#pragma once
#include <optional>

#include "auth/visit/visit.h"

// A form post that meets an expired session is held while its person signs in, and sent when they say so:
//   POST /target -> the body is asked for and held -> 303 to Logto -> callback -> GET {prefix}/resume, a page with one
//   form -> POST /target with nothing but a token -> the app gets the request that was held.
// A link or a script elsewhere can neither begin nor finish this: both posts must come from our own origin, and between
// them a person sees what is about to be sent, under whose name.
namespace lp {

// For a post by a form whose route wants a session that isn't there: holds it and sends the browser to sign in; or the
// page that nothing was sent, and why. May need the body. nullopt where it is no form: then the ordinary 401 is due.
[[nodiscard]] std::optional<Verdict> hold_or_explain(const Visit& visit, Waiting waiting);

// For a request that is about to pass with a session: nullopt where it has nothing to do with held ones. Else the
// verdict: need_body, pass with what was held in place of the token, or the page that it is gone. A token never reaches
// an app.
[[nodiscard]] std::optional<Verdict> resume_held(const Visit& visit);

// {prefix}/resume: GET shows what is held; POST with ?discard=1 forgets it.
[[nodiscard]] Verdict handle_resume(const Visit& visit, Waiting waiting);

}  // namespace lp
