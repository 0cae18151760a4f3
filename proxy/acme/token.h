#pragma once
#include <string_view>

// What an authority asks a host, and what it must be answered (RFC 8555 8.3). Pure.
namespace lp {

// base64url, at most 128 characters: nothing that a path, a file or a log line would read as anything else.
[[nodiscard]] bool is_acme_token(std::string_view text);
// TOKEN.THUMBPRINT of just this token (RFC 8555 8.1).
[[nodiscard]] bool is_key_authorization(std::string_view text, std::string_view token);
// The token that is asked for, in this spelling of the path only and without a query. Empty: none.
[[nodiscard]] std::string_view acme_token_in(std::string_view path_and_query);

}  // namespace lp
