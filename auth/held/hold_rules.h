#pragma once
#include <cstdint>
#include <string_view>

#include "auth/rules/navigation.h"
#include "auth/session/authentic_session.h"
#include "base/http_message.h"
#include "base/url.h"

// Which requests are worth holding. Pure.
namespace lp {

enum class NotHeld {
  none,          // it may be held
  off,           // routes[].hold_requests or limits.held_requests_bytes
  not_a_form,    // no navigation by POST
  other_site,    // sent from elsewhere: signing in would make a forged post succeed
  content_type,  // none that a form has
  too_large,
  session,  // no session of ours, or one that ended otherwise, or over an hour ago
  target,   // not an address that a form of ours may name
  no_room,
  gone,          // it was held, and is no more
  other_person,  // it was held for somebody else
};

// Sec-Fetch-Site: same-origin or Origin equal to `external`; neither may say otherwise, and one must be there. "null"
// says nothing: a page with Referrer-Policy: no-referrer posts so, while a sandboxed one is cross-site to itself.
[[nodiscard]] bool is_same_origin(const Fields& fields, const Origin& external);
// application/x-www-form-urlencoded, multipart/form-data, text/plain.
[[nodiscard]] bool is_form_content_type(std::string_view content_type);
// All of the above, and the length where it is known.
[[nodiscard]] NotHeld may_hold(const RequestHead& head, bool wants_upgrade, const Origin& external);

// The session is authentic and came to its end by itself, less than an hour ago.
inline constexpr std::int64_t kJustExpiredS = 3600;
[[nodiscard]] bool is_just_expired(const Session& session, const SessionSettings& settings, std::int64_t now_s);

// A post that the confirmation page's form may have made: nothing else is looked into.
[[nodiscard]] bool may_be_resumption(const RequestHead& head, bool wants_upgrade, const Origin& external);

}  // namespace lp
