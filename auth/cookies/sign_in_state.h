#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/cookies/sealed_cookie.h"

// The `state` parameter of a sign-in: sealed by us, so that a callback whose pending cookie is gone (the person took
// an hour at Logto, or the browser refuses cookies) is told apart from one that somebody made up. Such a callback is
// never exchanged; the state only says where to start afresh, and whether that was done before. What binds an answer to
// a browser is the pending cookie alone (threats O01, O05). Pure.
namespace lp {

struct SignInState {
  std::int64_t made_at_s = 0;
  bool fresh_start = false;  // a second attempt: the next stale callback ends on a page, not in a loop (threat O43)
  int route = 0;             // RouteSettings::index whose sign-in settings were used; 0: the defaults
  std::string return_to;     // vetted; left out ("/") when longer than kMaxReturnToInStateBytes
};
inline constexpr std::size_t kMaxReturnToInStateBytes = 240;

// base64url, at most 400 characters; as hard to guess as its key, and unique by the nonce of kXaesNonceBytes.
[[nodiscard]] std::string make_state(const SignInState& state, const CookieSealer& sealer, std::string_view nonce);
// nullopt for a state that we did not make.
[[nodiscard]] std::optional<SignInState> read_state(std::string_view text, const CookieSealer& sealer);

}  // namespace lp
