#include "auth/replicas/redis_link.h"

#include <utility>

#include "base/crypto.h"

namespace lp {

RedisOptions redis_options(const RedisSettings& settings) {
  RedisOptions options;
  RedisAddress& to = options.address;
  to.host = settings.host;
  to.port = settings.port;
  to.unix_path = settings.socket_path;
  to.tls = settings.tls;
  to.ca_file = settings.ca_file;
  to.username = settings.username;
  to.password = settings.password;
  to.database = settings.database;
  options.jitter = random_fraction;
  return options;
}

RedisLink::RedisLink(EventLoop& loop, const Clock& clock, Log& log, const RedisSettings& settings)
    : clock_(clock),
      log_(log),
      client_(loop, redis_options(settings), [this](const RedisState& state) { on_state(state); }) {}

void RedisLink::on_state(const RedisState& state) {
  tell(state);
  const bool connects = state.connected && !is_connected_;
  is_connected_ = state.connected;
  if (!connects) return;
  if (std::exchange(was_connected_, true)) reconnected_at_ms_ = clock_.monotonic_ms();
  if (heard_) heard_();
}

void RedisLink::tell(const RedisState& state) {
  const bool is_told = std::exchange(told_away_, !state.connected);
  if (!state.connected)
    return log_.error(is_told ? "Redis is still away" : "Redis is away", {{"reason", state.reason}});
  if (!state.reason.empty()) return log_.error("Redis refuses what it is asked", {{"reason", state.reason}});
  log_.info(is_connected_ ? "Redis refuses nothing any more" : "Redis is there");
}

}  // namespace lp
