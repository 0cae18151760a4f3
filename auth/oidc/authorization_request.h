#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/oidc/app_token_needs.h"
#include "auth/oidc/discovery.h"
#include "auth/oidc/pending_sign_in.h"
#include "config/settings.h"

// The authorization request (OIDC Core 3.1.2.1, RFC 7636, Logto's extra parameters) as a URL. Pure.
namespace lp {

// Fresh state, nonce and verifier from 96 random bytes.
[[nodiscard]] PendingSignIn make_pending(std::string_view random_96_bytes, std::string return_to,
                                         std::string redirect_uri, std::int64_t now_s);
[[nodiscard]] std::string code_challenge_s256(std::string_view code_verifier);

// Route settings over the defaults of logto.sign_in, one field at a time.
[[nodiscard]] SignInSettings effective_sign_in(const SignInSettings& defaults, const SignInSettings& route);
// Logto fact 12: one bad value voids all of Logto's extra parameters, so values are checked before they are sent. Also
// used by config tests and for /_auth/sign-in?with=.
[[nodiscard]] bool is_valid_with(std::string_view with);
// Of logto.sign_in.allow_parameters, in a link to {prefix}/sign-in.
[[nodiscard]] bool is_valid_link_parameter(std::string_view name, std::string_view value);

// Why a sign-in begins, as far as Logto is asked differently.
struct SignInReason {
  bool step_up = false;                           // a session lives, but its sign-in is too long ago
  std::optional<std::int64_t> route_max_age_s;    // that the route needs of everybody
  std::optional<std::int64_t> decided_max_age_s;  // that was found to be broken
};
// What Logto is asked for, with which max_age: the smallest of those in `why` and of extra.max_age; kNoMaxAge where
// none says one. A step-up may need the person, so prompt=none does not stand then.
struct SignInTerms {
  SignInSettings settings;
  std::int64_t max_age_s = kNoMaxAge;
};
[[nodiscard]] SignInTerms sign_in_terms(const SignInSettings& defaults, const SignInSettings& over,
                                        const SignInReason& why);

// `accept_language` gives ui_locales when none is configured. A silent one has prompt=none and no sign-in extras.
// offline_access: adds the scope and `consent` to the prompt (Logto fact 8). `needs`: app_token_needs().
[[nodiscard]] std::string authorization_url(const ProviderMetadata& metadata, const LogtoSettings& logto,
                                            const SignInSettings& sign_in, const PendingSignIn& pending,
                                            std::string_view accept_language, const AppTokenNeeds& needs = {});

}  // namespace lp
