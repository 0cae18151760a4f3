#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "auth/oidc/token_rules.h"
#include "base/result.h"

// The request of OpenID Connect Back-Channel Logout 1.0, section 2.5. Pure.
namespace lp {

// The token, percent-encoded at worst, and room for parameters that we ignore. No more of a body needs to be read.
inline constexpr std::size_t kMaxLogoutRequestBytes = 64 * 1024;

// What its header says of the body, before that is read.
[[nodiscard]] Result<void, RuleError> judge_logout_content_type(std::string_view content_type);

// The logout token out of the body of a POST; still unjudged. `content_type` is the header's value, empty: none.
// The rule of an error is one of: content_type size form logout_token.
[[nodiscard]] Result<std::string, RuleError> parse_logout_request(std::string_view content_type, std::string_view body);

}  // namespace lp
