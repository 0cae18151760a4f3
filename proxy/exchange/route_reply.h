#pragma once
#include <cstddef>

#include "base/http_message.h"
#include "proxy/http/forwarding.h"
#include "proxy/http/stream.h"

namespace lp {

// Sends what a route answers itself in the way of an app's answer, so that what the configuration does to those is
// done, and judged, here too. `frame` says all but how long it is. The bytes of content that went out; the end is the
// caller's to say.
std::size_t send_as_of_app(ClientStream& client, OutgoingResponse frame, const Answer& made, bool is_head);

}  // namespace lp
