#pragma once
#include "auth/visit/visit.h"

// oauth2-proxy's endpoints, for setups that were made for it (forward_auth.oauth2_proxy). Of the endpoints' meaning all
// is kept but what would be unsafe: `rd` and X-Auth-Request-Redirect lead to external URLs only, and nobody is signed
// out by a link on another site. /oauth2/auth is no endpoint but a check (Resolution, proxy/route/resolve.h).
namespace lp {

// For a check that has no route: whoever is signed in.
[[nodiscard]] Verdict let_anybody_signed_in_pass(const Visit& visit, Waiting waiting);
// What comes of a judged check, in oauth2-proxy's words: 202 with the person's names where they pass, and the query's
// allowed_groups, allowed_emails and allowed_email_domains and the rules of facts.also_asked hold as well; 401 or 403,
// which the proxy in front would follow for ever if they were redirects; in place of an app (oauth2_root) a redirect.
// What else the route tells an app is added only where facts.asker_is_known.
[[nodiscard]] Verdict answer_oauth2_check(const RequestFacts& facts, const Settings& settings,
                                          std::string_view session_cookie_name, Verdict judged, std::int64_t now_s);
[[nodiscard]] Verdict handle_oauth2_userinfo(const Visit& visit, Waiting waiting);
// /oauth2/start and /oauth2/sign_in: we have no page with a button.
[[nodiscard]] Verdict handle_oauth2_start(const Visit& visit, Waiting waiting);
[[nodiscard]] Verdict handle_oauth2_sign_out(const Visit& visit, Waiting waiting);

}  // namespace lp
