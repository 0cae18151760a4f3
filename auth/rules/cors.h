#pragma once
#include <string_view>
#include <vector>

#include "base/http_message.h"
#include "base/url.h"
#include "config/settings.h"

// Cross-origin requests (Fetch, 3.2): who may read what we answer ourselves, and what is a preflight. Answers of apps
// are the apps' own matter. Pure.
namespace lp {

// The request's one Origin where it is one of external_urls or of the route's allowed_origins (`route` may be null),
// else empty. Browsers serialise an origin in one way (RFC 6454 6.2): bytes are compared, nothing is repaired, and
// "null", which any sandboxed page can send, is nobody.
[[nodiscard]] std::string_view allowed_origin(const Fields& fields, const Settings& settings,
                                              const RouteSettings* route);

// Whether one of these, wildcards among them, is `origin` as browsers serialise it.
[[nodiscard]] bool names_origin(const std::vector<Origin>& origins, std::string_view origin);

// Lets a script of an allowed origin read this answer, credentials and all. For JSON of ours only. Never "*", and
// always with Vary: Origin, for the answer to another origin differs.
void add_cors_headers(Answer& answer, const Fields& fields, const Settings& settings, const RouteSettings* route);

// Fetch 4.8: OPTIONS with one Origin and one Access-Control-Request-Method, and no body. Any other OPTIONS is judged
// like every request (threat P26).
[[nodiscard]] bool is_preflight(const RequestHead& head);

}  // namespace lp
