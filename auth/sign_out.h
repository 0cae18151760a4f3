#pragma once
#include "auth/visit.h"

// /_auth/sign-out and the page it ends on, /_auth/signed-out.
namespace lp {

// Ends the local session, with ?everywhere=1 all sessions of this user, revokes the refresh token (Logto's end-session
// lets those of offline_access live, fact 5), and sends the browser to Logto's end-session. For a POST from our own
// pages or a same-site navigation; a navigation from elsewhere is asked first, everything else refused: <img
// src=/_auth/sign-out> signs nobody out (attacks.md O36).
[[nodiscard]] Verdict handle_sign_out(const Visit& visit, Waiting waiting);
[[nodiscard]] Verdict handle_signed_out(const Visit& visit, Waiting waiting);

}  // namespace lp
