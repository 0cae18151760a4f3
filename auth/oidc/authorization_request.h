#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/oidc/app_token_needs.h"
#include "auth/oidc/oidc_discovery.h"
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

// The max_age to send: the smallest of what a route needs and what extra.max_age says; kNoMaxAge where neither does.
[[nodiscard]] std::int64_t max_age_to_send_s(const SignInSettings& sign_in, std::optional<std::int64_t> needed_s);

// `accept_language` gives ui_locales when none is configured. A silent one has prompt=none and no sign-in extras.
// offline_access: adds the scope and `consent` to the prompt (Logto fact 8). `needs`: token_needs().
[[nodiscard]] std::string authorization_url(const ProviderMetadata& metadata, const LogtoSettings& logto,
                                            const SignInSettings& sign_in, const PendingSignIn& pending,
                                            std::string_view accept_language, const TokenNeeds& needs = {});

}  // namespace lp
