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
  std::string organization;        // that is in it
  std::string certificate;         // the fingerprint of the connection's, where it is in it
  RouteTokens tokens;              // that are in it
  std::int64_t made_at_s = 0;
  std::int64_t good_until_s = 0;
  std::shared_ptr<const AppHeaders> headers;  // null: they are told nothing
};

// How it stands with a session for which something goes on. `unproven`: nobody can say now whether it has ended.
enum class SessionStand : std::uint8_t { goes_on, ended, unproven };

// A session as opened from a cookie, with what every request of it needs made once. Immutable, but for the memory of
// the one worker that has opened it. With `token` it is no session but what an access token says, in the same form for
// rules, headers and logs: it has no cookie, and is never sealed, refreshed or signed out.
struct OpenedSession {
  Session session;
  Revocations::Keys revocation_keys;
  std::string log_sub;  // escaped for the access log, without quotes
  // Of the cookie (auth/realm/keyring.h: SecretId): when that one leaves the ring this is over. 0: an access token.
  std::uint64_t secret = 0;
  std::shared_ptr<const AccessToken> token{};
  mutable std::vector<ReadyHeaders> ready_headers;  // AppHeaderMaker's, bounded by it
};

}  // namespace lp
