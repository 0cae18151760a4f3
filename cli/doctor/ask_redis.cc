#include "cli/doctor/ask_redis.h"

#include <memory>
#include <string>
#include <utility>

#include "auth/replicas/redis_link.h"
#include "base/event.h"
#include "base/redis_client.h"
#include "config/value.h"

namespace lp {

DoctorFinding ask_redis(const RedisSettings& redis) {
  using Level = DoctorFinding::Level;
  const std::string what = "redis.url " + format_redis_url(redis);
  DoctorFinding finding{Level::failure, "redis", what + " was not asked", "see redis.url"};
  EventLoop loop;
  RedisState last;
  RedisClient client(loop, redis_options(redis), [&](const RedisState& state) { last = state; });
  const auto wait = client.command({"PING"}, [&](Result<RedisReply, RedisError> reply) {
    if (reply && last.reason.empty()) {
      finding = {Level::ok, "redis", what + " answers"};
    } else {
      finding = {Level::failure, "redis", what + ": " + (last.reason.empty() ? reply.error().message : last.reason),
                 "see redis.url, redis.password and redis.ca_file, and whether it runs"};
    }
    loop.stop();
  });
  loop.run();
  return finding;
}

}  // namespace lp
