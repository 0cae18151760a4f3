#pragma once
#include "auth/visit/visit.h"

// oauth2-proxy's endpoints, for setups that were made for it (forward_auth.oauth2_proxy). Of the endpoints' meaning all
// is kept but what would be unsafe: `rd` and X-Auth-Request-Redirect pass our own guard, and nobody is signed out by a
// link on another site. /oauth2/auth knows no routes, as there: whoever is signed in passes, if the query allows.
namespace lp {

[[nodiscard]] Verdict handle_oauth2_auth(const Visit& visit, Waiting waiting);
[[nodiscard]] Verdict handle_oauth2_userinfo(const Visit& visit, Waiting waiting);
// /oauth2/start and /oauth2/sign_in: we have no page with a button.
[[nodiscard]] Verdict handle_oauth2_start(const Visit& visit, Waiting waiting);
[[nodiscard]] Verdict handle_oauth2_sign_out(const Visit& visit, Waiting waiting);

}  // namespace lp
