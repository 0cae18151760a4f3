#pragma once
#include "proxy/http/forwarding.h"
#include "proxy/http/messages.h"
#include "proxy/http/route_fields.h"
#include "proxy/route/resolve.h"

namespace lp {

// What a route makes of a request that it takes, for the server and for `explain`. Without Host, client, request id,
// identity and body's framing but the client's. Views of all three. Pure.
[[nodiscard]] OutgoingRequest outgoing_request(const ParsedRequest& request, const Resolution& routed,
                                               const FieldsOfRoutes& fields);

}  // namespace lp
