#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cookies/sealed_cookie.h"
#include "auth/oidc/pending_sign_in.h"
#include "base/http_message.h"
#include "base/result.h"

// A sign-in that has not come back is sealed in a cookie of its own, one per attempt, so that two tabs never disturb
// each other. Pure.
namespace lp {

inline constexpr std::size_t kMaxPendingSignIns = 5;
inline constexpr std::int64_t kPendingLifetimeS = 600;
// Of the values of all attempts of a browser. Every request carries them, and proxies before us take 8 to 32 KiB of
// header fields; one attempt alone may be longer.
inline constexpr std::size_t kMaxPendingBytes = 12'000;

// Where to return to is deflated where that makes it shorter; it stands in no stream with a secret.
[[nodiscard]] std::string encode_pending(const PendingSignIn& pending);
[[nodiscard]] Result<PendingSignIn> decode_pending(std::string_view bytes);

// Cookie name of the attempt with this state: prefix + 16 hex digits of SHA-256(state). The state itself stays sealed.
[[nodiscard]] std::string pending_cookie_name(std::string_view prefix, std::string_view state);

// Names of attempts to delete before one more of `new_bytes` is added: those that don't open or are too old, and of the
// others the oldest, so that at most kMaxPendingSignIns and kMaxPendingBytes stay (threat O30).
[[nodiscard]] std::vector<std::string> evict_pending(const Fields& fields, std::string_view prefix,
                                                     const CookieSealer& sealer, std::int64_t now_s,
                                                     std::size_t new_bytes = 0);
// All names of attempts that the browser sent, readable or not: for signing out.
[[nodiscard]] std::vector<std::string> pending_cookie_names(const Fields& fields, std::string_view prefix);

enum class PendingFate { current, expired, missing };
struct FoundPending {
  PendingFate fate = PendingFate::missing;
  PendingSignIn pending;  // empty when missing
};
// The pending sign-in that belongs to `state`, judged before any network call: sent once, opened, state equal in
// constant time. Expired ones are told apart, for they still know where the person wanted to go.
[[nodiscard]] FoundPending find_pending(const Fields& fields, std::string_view prefix, std::string_view state,
                                        const CookieSealer& sealer, std::int64_t now_s);

}  // namespace lp
