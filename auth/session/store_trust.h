#pragma once
#include <cstdint>
#include <string_view>

#include "config/settings.h"

// What sessions may still do while Redis is away. Pure.
namespace lp {

enum class StoreTrust {
  full,       // in touch: what is not known to be over is not over
  safe_only,  // away, within redis.grace: sessions already proven may read
  none,       // away for longer, or never in touch since the start: somebody may have been signed out meanwhile
};

// `last_in_touch_ms` and `now_ms` are monotonic; -1: never. A read of the stream takes up to two seconds when all is
// well, so that the first seconds without one mean nothing.
[[nodiscard]] StoreTrust store_trust(const Settings& settings, std::int64_t last_in_touch_ms, std::int64_t now_ms);

// Whether a request with a session may go on. Upgrades carry bytes both ways, so they are never safe.
[[nodiscard]] bool may_go_on(StoreTrust trust, std::string_view method, bool wants_upgrade);

}  // namespace lp
