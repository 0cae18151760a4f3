#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/http_message.h"

// Access tokens in requests and what clients are told about them (RFC 6750). Pure.
namespace lp {

// What a request's Authorization fields say of a bearer token. Any other scheme, and none, is not ours: `none`.
struct BearerField {
  enum class Kind { none, token, malformed };
  Kind kind = Kind::none;
  std::string_view token;  // a view into the request
};
// RFC 6750 2.1: one field, the scheme in any case, one b64token. A second Authorization field next to a bearer token is
// malformed whatever it says: the app might read that one. Queries and bodies are never looked at.
[[nodiscard]] BearerField find_bearer(const Fields& fields);

// RFC 6750 3: a value of WWW-Authenticate.
struct BearerError {
  std::string_view error;                // empty: the request had no token
  std::string_view description;          // for developers; what a quoted text can't hold becomes '?'
  std::vector<std::string> scopes = {};  // insufficient_scope: what would do
};
[[nodiscard]] std::string bearer_challenge(const BearerError& error = {});

}  // namespace lp
