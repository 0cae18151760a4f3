#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "auth/oidc/provider_call.h"
#include "base/result.h"
#include "config/settings.h"

// Which ways to sign in Logto offers, from its public sign-in experience (Logto fact 33): what everybody may know.
// Pure.
namespace lp {

struct SignInWay {
  std::string target;                        // as in sign_in.with, "social:TARGET"
  std::map<std::string, std::string> names;  // by language tag, "en", "ja", "zh-CN"
  std::string logo;                          // a data URI of a picture; empty: none that may stand in our page
  std::string logo_dark;
};

struct SignInWays {
  std::vector<SignInWay> social;  // in the order of Logto's buttons
  bool email = false;             // identifiers of Logto's own first screen
  bool phone = false;
  bool username = false;
};

inline constexpr std::size_t kMaxSignInWays = 24;
inline constexpr std::size_t kMaxWayNameBytes = 80;
inline constexpr std::size_t kMaxLogoBytes = 24 * 1024;
inline constexpr std::size_t kMaxLogosBytes = 192 * 1024;  // of all together

[[nodiscard]] ProviderRequest sign_in_ways_request(const LogtoSettings& logto);

// What is strange is left out: a connector without a usable target, of native apps, or of a target that was there; a
// name that is no short text; a picture that is no `data:` of a kind and size for a page. Pictures by URL are left out
// too, for their host would learn who is about to sign in where.
[[nodiscard]] Result<SignInWays> judge_sign_in_ways(const ProviderReply& reply);

}  // namespace lp
