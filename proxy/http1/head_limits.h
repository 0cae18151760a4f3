#pragma once
#include <cstddef>

#include "config/settings.h"

namespace lp {

// How much of a head is taken from a peer; more is refused.
struct HeadLimits {
  std::size_t head_bytes = 64 * 1024;  // request line or status line and all fields, with the empty line
  std::size_t field_count = 200;
  std::size_t target_bytes = 16 * 1024;
  bool needs_host = true;  // else it may be missing or empty, as load balancers' probes write it
  // Nobody is let in by what is read, so that it may be read as raw probes write it: lines may end in a bare LF, and
  // OPTIONS may ask "*".
  bool is_for_probes = false;
};

// Of clients, as configured.
[[nodiscard]] inline HeadLimits head_limits_of(const LimitSettings& limits, bool needs_host = true,
                                               bool is_for_probes = false) {
  return {static_cast<std::size_t>(limits.request_head_bytes), static_cast<std::size_t>(limits.header_count),
          static_cast<std::size_t>(limits.target_bytes), needs_host, is_for_probes};
}

}  // namespace lp
