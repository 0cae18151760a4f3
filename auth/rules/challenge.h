#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_message.h"
#include "config/settings.h"

// What a 401 of ours asks for: WWW-Authenticate (RFC 9110 11.6.1), which each of them must have (15.5.2). Pure.
namespace lp {

// Why, for programs. The texts hold nothing but what RFC 6750 3 lets stand between quotes.
struct Challenge {
  std::string_view error = {};        // "invalid_token", kMoreRecentSignIn, ...; empty: nothing was shown to judge
  std::string_view description = {};  // for people who read logs of clients
  std::string_view scope = {};        // RFC 6750 3: what the token would have to have, separated by spaces
  std::int64_t max_age_s = -1;        // RFC 9470 3: of a sign-in that would do; negative: any
};
inline constexpr std::string_view kMoreRecentSignIn = "insufficient_user_authentication";  // RFC 9470 3

// One value for each way in which this route lets itself be used: "Bearer" where it accepts access tokens, and "Cookie"
// for sessions, a scheme that no browser knows and so none asks a password for. `route` is null for our own endpoints.
[[nodiscard]] std::vector<std::string> challenge_fields(const RouteSettings* route, const Challenge& challenge);

// In place of those that `answer` has.
void set_challenges(Answer& answer, const RouteSettings* route, const Challenge& challenge = {});

}  // namespace lp
