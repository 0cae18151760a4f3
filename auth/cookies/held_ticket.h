#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/cookies/sealed_cookie.h"
#include "base/http_message.h"
#include "base/result.h"
#include "base/secret.h"

// What a browser has of a request that is held for it: a number and the only key that opens it, sealed in a cookie.
// Pure.
namespace lp {

inline constexpr std::size_t kHeldIdBytes = 16;
inline constexpr std::size_t kHeldKeyBytes = 32;
inline constexpr std::int64_t kHeldLifetimeS = 600;

struct HeldTicket {
  std::string id;
  Secret key;
  std::int64_t made_at_s = 0;
};

[[nodiscard]] std::string encode_held_ticket(const HeldTicket& ticket);
[[nodiscard]] Result<HeldTicket> decode_held_ticket(std::string_view bytes);

// The ticket in the cookie called `name`; nullopt when there is none, more than one, or one too old.
[[nodiscard]] std::optional<HeldTicket> find_held_ticket(const Fields& fields, std::string_view name,
                                                         const CookieSealer& sealer, std::int64_t now_s);

// What the confirmation page's form posts: the field's name, '=', and 43 characters that only the holder of the ticket
// can know. Every such body is of the same length, so that other posts need not be looked into.
inline constexpr std::string_view kResumeField = "logto_resume";
inline constexpr std::size_t kResumeBodyBytes = kResumeField.size() + 1 + 43;
[[nodiscard]] std::string resume_token(const HeldTicket& ticket);
// Has the form of such a body, of whatever ticket: it is never passed to an app.
[[nodiscard]] bool is_resume_body(std::string_view body);
// In constant time.
[[nodiscard]] bool is_resume_body_of(std::string_view body, const HeldTicket& ticket);

}  // namespace lp
