#pragma once
#include <string_view>

#include "base/http_message.h"

// Schemes that sign in a connection instead of a request (RFC 4559 6, MS-NTHT): what follows on it is answered as that
// person's, credentials or not. Such a connection to an app serves one client and nobody else. Pure.
namespace lp {

// `value` of Authorization or WWW-Authenticate names NTLM, Negotiate or a kin of theirs: as the scheme, or as one
// challenge of several.
[[nodiscard]] bool names_connection_scheme(std::string_view value);

[[nodiscard]] bool asks_to_sign_in_connection(const Fields& request);   // Authorization
[[nodiscard]] bool offers_to_sign_in_connection(const Fields& answer);  // WWW-Authenticate

}  // namespace lp
