#include "auth/endpoints/sign_in_reasons.h"

#include <algorithm>
#include <array>

namespace lp {
namespace {

struct WordsForRule {
  std::string_view rule;
  TextKey text;
};
// Words of ours, of RFC 6749 4.1.2.1 and 5.2, of OIDC Core 3.1.2.6, and the rules of ID tokens (auth/oidc/id_token).
constexpr std::array kWordsForRules = {
    WordsForRule{"state", "reason.not_of_this_browser"},
    WordsForRule{"nonce", "reason.not_of_this_browser"},
    WordsForRule{"expired", "reason.too_late"},
    WordsForRule{"invalid_grant", "reason.too_late"},
    WordsForRule{"signed_out", "reason.ended_meanwhile"},
    WordsForRule{"response", "reason.unreadable"},
    WordsForRule{"form", "reason.unreadable"},
    WordsForRule{"payload", "reason.unreadable"},
    WordsForRule{"client_credentials", "reason.refused_configuration"},
    WordsForRule{"invalid_client", "reason.refused_configuration"},
    WordsForRule{"unauthorized_client", "reason.refused_configuration"},
    WordsForRule{"invalid_request", "reason.refused_configuration"},
    WordsForRule{"invalid_scope", "reason.refused_configuration"},
    WordsForRule{"invalid_target", "reason.refused_configuration"},
    WordsForRule{"unsupported_response_type", "reason.refused_configuration"},
    WordsForRule{"server_error", "reason.service_trouble"},
    WordsForRule{"temporarily_unavailable", "reason.service_trouble"},
    WordsForRule{"exp", "reason.clocks"},
    WordsForRule{"iat", "reason.clocks"},
    WordsForRule{"nbf", "reason.clocks"},
    WordsForRule{"iss", "reason.not_proven"},
    WordsForRule{"aud", "reason.not_proven"},
    WordsForRule{"azp", "reason.not_proven"},
    WordsForRule{"alg", "reason.not_proven"},
    WordsForRule{"typ", "reason.not_proven"},
    WordsForRule{"signature", "reason.not_proven"},
    WordsForRule{"at_hash", "reason.not_proven"},
    WordsForRule{"auth_time", "reason.not_proven"},
    WordsForRule{"sub", "reason.not_proven"},
    WordsForRule{"sid", "reason.not_proven"},
};

}  // namespace

std::optional<TextKey> sign_in_reason(std::string_view rule) {
  const auto found = std::find_if(kWordsForRules.begin(), kWordsForRules.end(),
                                  [&](const WordsForRule& reason) { return reason.rule == rule; });
  return found == kWordsForRules.end() ? std::nullopt : std::optional(found->text);
}

}  // namespace lp
