#pragma once
#include <cstdint>
#include <string_view>

#include "auth/session/store_health.h"
#include "config/settings.h"

// What sessions may still do while Redis is away. Pure.
namespace lp {

enum class StoreTrust {
  full,       // in touch: what is not known to be over is not over
  safe_only,  // away, within redis.grace: sessions already proven may read
  none,       // away for longer, or never in touch since the start: somebody may have been signed out meanwhile
};

// `now_ms` is monotonic. The first answer of Redis that fails or is late ends full trust at once; the grace counts from
// when all was known last.
[[nodiscard]] StoreTrust store_trust(const Settings& settings, const StoreHealth& health, std::int64_t now_ms);

// Redis is in trouble or just back: what other replicas could not tell it of meanwhile, that a session was used, is on
// its way. A record that nobody seems to have used proves nothing yet.
[[nodiscard]] bool may_lack_uses(const StoreHealth& health, std::int64_t now_ms);

// Whether a request with a session may go on. Upgrades carry bytes both ways, so they are never safe.
[[nodiscard]] bool may_go_on(StoreTrust trust, std::string_view method, bool wants_upgrade);

}  // namespace lp
