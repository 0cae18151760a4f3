#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/secret.h"

// Tokens that Logto issued for a session and that apps get with its requests. Plain values.
namespace lp {

// Whom an access token is for: an API resource (RFC 8707), an organization at Logto, or a resource as a member of an
// organization. None of both: the ID token, which is for ourselves, or with `account` the opaque access token that
// opens Logto's own endpoints, which no app ever gets. An access token has at most these scopes: the session was
// granted those of all routes, and no app gets what another one may do.
struct TokenAudience {
  std::string resource;
  std::string organization;
  std::vector<std::string> scopes{};
  bool account = false;
  // Of neither: it comes of a plain refresh.
  [[nodiscard]] bool is_id_token() const { return resource.empty() && organization.empty(); }
  bool operator==(const TokenAudience&) const = default;
};

struct AppToken {
  Secret token;  // visible ASCII: it may become a header field
  std::int64_t expires_at_s = 0;
  std::int64_t renew_at_s = 0;      // from here on a successor is fetched on the side
  std::vector<std::string> scopes;  // granted, of an access token
};

// What one request has of them.
struct RouteTokens {
  std::shared_ptr<const AppToken> access;  // null: the route asks for none, or nobody is signed in
  std::shared_ptr<const AppToken> id;      // so too
};

}  // namespace lp
