#pragma once
#include "base/http_message.h"
#include "config/settings.h"
#include "proxy/router.h"

// The second target of a WebDAV request. Pure.
namespace lp {

// COPY and MOVE write to the path in their Destination field (RFC 4918 10.3), which no rule has judged: without this,
// whoever may write to /files/ would write to /admin/ too. True where the same route decides for that path on this
// host, and for all other methods. `host` and `route` are those of the request.
[[nodiscard]] bool destination_stays_on_route(const Router& router, std::string_view host, const RequestHead& head,
                                              const RouteSettings& route);

}  // namespace lp
