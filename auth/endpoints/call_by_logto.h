#pragma once
#include <cstddef>

#include "auth/oidc/token_rules.h"
#include "auth/visit/visit.h"

// What the endpoints for Logto's own calls share. They are for a server: no cookie, no Origin, no Sec-Fetch-* matters,
// and whatever ends a session is signed.
namespace lp {

[[nodiscard]] Verdict need_body_of_call(std::size_t limit_bytes);

// Back-Channel Logout 2.8: 200, not to be stored.
[[nodiscard]] Verdict call_accepted(const Visit& visit);
// 2.8: 400 with the form of an OAuth error; its words are of our rules, never of the request.
[[nodiscard]] Verdict call_refused(const Visit& visit, std::string_view reason);
// The same, and one log line `message`.
[[nodiscard]] Verdict call_refused_and_logged(const Visit& visit, std::string_view message, const RuleError& error);

}  // namespace lp
