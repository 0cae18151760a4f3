#pragma once
#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "base/redis_client.h"
#include "config/settings.h"

namespace lp {

// With a jitter of its own; the options are those of one connection.
[[nodiscard]] RedisOptions redis_options(const RedisSettings& settings);

// The auth thread's connection to Redis for everything but the wait for news (auth/replicas/shared_revocations.h). Its
// state is told to the log once per change. Auth thread.
class RedisLink {
 public:
  // `loop`, `clock` and `log` must outlive it.
  RedisLink(EventLoop& loop, const Clock& clock, Log& log, const RedisSettings& settings);
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;

  [[nodiscard]] RedisClient& client() { return client_; }
  // `heard` runs after each connecting, before the answers that it brings; one listener.
  void on_connected(std::function<void()> heard) { heard_ = std::move(heard); }
  // Monotonic milliseconds of the last connecting after a connection was lost; -1: the first one stands, or none yet.
  [[nodiscard]] std::int64_t reconnected_at_ms() const { return reconnected_at_ms_; }
  void replace_password(Secret password) { client_.replace_password(std::move(password)); }

 private:
  void on_state(const RedisState& state);
  void tell(const RedisState& state);

  const Clock& clock_;
  Log& log_;
  std::function<void()> heard_;
  bool is_connected_ = false;
  bool was_connected_ = false;
  bool told_away_ = false;  // and not that it is back
  std::int64_t reconnected_at_ms_ = -1;
  RedisClient client_;
};

}  // namespace lp
