#pragma once
#include "base/http_message.h"
#include "config/settings.h"
#include "proxy/route/router.h"

// The second target of a WebDAV request. Pure.
namespace lp {

// COPY and MOVE write to the path in their Destination field (RFC 4918 10.3), which no rule has judged: without this,
// whoever may write to /files/ would write to /admin/ too. True where the same route decides for that path on this
// host, and for all other methods. `question` is that of the request, and `route` its answer.
[[nodiscard]] bool destination_stays_on_route(const Router& router, const RouteQuestion& question,
                                              const RouteSettings& route);

}  // namespace lp
