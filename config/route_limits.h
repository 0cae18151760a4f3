#pragma once
#include <cstdint>

#include "config/settings.h"

// What holds for one request: its route's word, else that for all. A null route has none. Pure.
namespace lp {

[[nodiscard]] inline std::int64_t request_body_limit(const Settings& settings, const RouteSettings* route) {
  const std::int64_t of_all = settings.limits.request_body_bytes;
  return route == nullptr ? of_all : route->limits.request_body_bytes.value_or(of_all);
}

[[nodiscard]] inline std::int64_t body_idle_ms(const Settings& settings, const RouteSettings* route) {
  const std::int64_t of_all = settings.timeouts.body_idle_ms;
  return route == nullptr ? of_all : route->limits.body_idle_ms.value_or(of_all);
}

[[nodiscard]] inline std::int64_t response_timeout_ms(const UpstreamSettings& upstream, const RouteSettings& route) {
  return route.limits.response_timeout_ms.value_or(upstream.response_timeout_ms);
}

[[nodiscard]] inline std::int64_t idle_timeout_ms(const UpstreamSettings& upstream, const RouteSettings& route) {
  return route.limits.idle_timeout_ms.value_or(upstream.idle_timeout_ms);
}

[[nodiscard]] inline bool is_compressed(const RouteSettings& route) {
  return route.compression.mode != CompressionSettings::Mode::off;
}

}  // namespace lp
