#pragma once
#include "config/settings.h"

namespace lp {

// Whether ended sessions are shared with other replicas, so that Redis being away says something. Pure.
[[nodiscard]] inline bool shares_ended_sessions(const Settings& settings) {
  return settings.redis.is_configured() &&
         (settings.revocations.share || settings.session.store == SessionStore::redis);
}

}  // namespace lp
