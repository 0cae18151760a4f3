#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/oidc/app_token.h"
#include "auth/session/revocations.h"
#include "auth/session/session.h"
#include "base/url.h"

namespace lp {

struct AccessToken;  // auth/oidc/access_token.h
struct AppHeaders;

// What the apps of one HeaderSet are told, for a while.
struct ReadyHeaders {
  std::size_t set = 0;
  std::optional<Origin> external;  // that it holds for; nullopt: for all
  RouteTokens tokens;              // that are in it
  std::int64_t made_at_s = 0;
  std::int64_t good_until_s = 0;
  std::shared_ptr<const AppHeaders> headers;  // null: they are told nothing
};

// A session as opened from a cookie, with what every request of it needs made once. Immutable, but for the memory of
// the one worker that has opened it. With `token` it is no session but what an access token says, in the same form for
// rules, headers and logs: it has no cookie, and is never sealed, refreshed or signed out.
struct OpenedSession {
  Session session;
  Revocations::Keys revocation_keys;
  std::string log_sub;  // escaped for the access log, without quotes
  std::shared_ptr<const AccessToken> token{};
  mutable std::vector<ReadyHeaders> ready_headers;  // AppHeaderMaker's, bounded by it
};

}  // namespace lp
