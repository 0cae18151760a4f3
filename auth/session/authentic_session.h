#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "auth/cookies/sealed_cookie.h"
#include "auth/session/session.h"
#include "base/http_message.h"

// What a request's session cookie is when it signs nobody in: for explaining that, never for letting somebody through.
// Pure.
namespace lp {

struct SessionRemains {
  std::size_t pieces = 0;          // names that the browser sent
  std::size_t bytes = 0;           // of their values
  bool twice = false;              // one of the names came more than once
  bool complete = false;           // none is missing
  std::optional<Session> session;  // authentic: sealed by us, whatever its age
};
// `name` is the session cookie's; with sessions in cookies.
[[nodiscard]] SessionRemains session_remains(const Fields& fields, std::string_view name, const CookieSealer& sealer);

// The first moment at which it signs nobody in any more.
[[nodiscard]] std::int64_t session_expires_at_s(const Session& session, const SessionSettings& settings);

}  // namespace lp
