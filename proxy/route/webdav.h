#pragma once
#include "base/http_message.h"
#include "config/settings.h"
#include "proxy/route/router.h"

// The second target of a WebDAV request. Pure.
namespace lp {

// COPY and MOVE, in whatever case, write to the path in their Destination field (RFC 4918 10.3), which no rule has
// judged: without this, whoever may write to /files/ would write to /admin/ too. So may any other method, for an app
// may read another one elsewhere in the request; but what is neither a path nor a URL means a place to COPY and MOVE
// alone. True where the same route decides for that path on this host, and, where the route changes paths, for the one
// that an app which knows nothing of that would take it for: it gets the field as it was sent. `question` is that of
// the request, and `route` its answer.
[[nodiscard]] bool destination_stays_on_route(const Router& router, const RouteQuestion& question,
                                              const RouteSettings& route);

}  // namespace lp
