#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/oidc/token_rules.h"
#include "base/result.h"
#include "base/secret.h"

// Logto's webhooks for users who are suspended or deleted, whom no logout token names (Logto fact 3). Pure.
namespace lp {

inline constexpr const char* kWebhookSignatureHeader = "logto-signature-sha-256";
// Logto puts the user's custom data into the event, which Logto's own API takes up to 1 MiB of and which an app may let
// users write themselves: a smaller limit would be a way not to be signed out.
inline constexpr std::size_t kMaxWebhookBytes = 1 << 20;
// Logto makes createdAt just before it sends, waits 10 s and repeats at most three times; an hour leaves room for a
// relay in between. What is older is a copy out of somebody's log, and must not end a session of today.
inline constexpr std::int64_t kMaxWebhookAgeS = 3600;

struct WebhookEvent {
  std::string name;     // "User.Deleted"; printable, for the log
  std::string user_id;  // the `sub` whose sessions end; empty: nothing to do, answer 2xx
  std::int64_t created_at_ms = 0;
  // For auth/session/seen_tokens: the same for each copy of this delivery, and when no copy is accepted any more.
  std::string delivery_id;
  std::int64_t remember_until_s = 0;
};

// A signature of the right form, one and no more, as must be there before anything of a body is read: else whoever
// finds the address could have it kept in memory for nothing.
[[nodiscard]] Result<void, RuleError> judge_signature_form(const std::vector<std::string_view>& signatures);

// `signatures`: the values of all headers named kWebhookSignatureHeader; `body` exactly as received; `key` not empty.
// Nothing of the body is read before its signature holds. The rule of an error is one of: size signature body event
// created_at age user.
[[nodiscard]] Result<WebhookEvent, RuleError> judge_webhook(std::string_view body,
                                                            const std::vector<std::string_view>& signatures,
                                                            const Secret& key, std::int64_t now_s);

}  // namespace lp
