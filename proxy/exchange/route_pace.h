#pragma once
#include "config/settings.h"
#include "proxy/http/stream.h"

namespace lp {

// What a route says of how slow its clients may be, in place of what holds for all.
inline void set_pace(ClientStream& client, const RouteLimitSettings& limits) {
  if (limits.body_idle_ms) client.set_body_patience(*limits.body_idle_ms);
  if (limits.minimum_rate) client.set_minimum_rate(*limits.minimum_rate);
}

}  // namespace lp
