#include "auth/replicas/revocation_sharing.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace lp {
namespace {

// Whoever may write to the stream may end sessions, but not those of tomorrow; clocks differ by less than this.
constexpr std::int64_t kMaxAheadMs = 60'000;
constexpr int kMaxWalks = 10;  // over a table that changes meanwhile

SharedRevocations::Options options_of(const Settings& settings) {
  SharedRevocations::Options options;
  options.redis = redis_options(settings.redis);
  options.prefix = settings.redis.prefix;
  options.realm = settings.realm;
  options.keep_ms = settings.session.max_lifetime_ms;
  return options;
}

void learn(Realm& realm, const SharedRevocation& heard) {
  const std::int64_t latest_ms = realm.clock.unix_ms() + kMaxAheadMs;
  const Revocation revocation{heard.key, std::min(heard.before_ms, latest_ms), heard.forget_at_s};
  (void)realm.revocations.add(revocation, realm.clock.unix_s(), Revocations::From::shared);
}

// What a walk misses because the table changed is told by the next comparison; what comes twice does no harm.
std::vector<SharedRevocation> all_of(const Realm& realm) {
  std::vector<SharedRevocation> all;
  for (int i = 0; i < kMaxWalks; ++i) {
    all.clear();
    const bool saw_all = realm.revocations.for_each(realm.clock.unix_s(), [&](const Revocation& each) {
      all.push_back({each.key, each.before_ms, each.forget_at_s});
    });
    if (saw_all) break;
  }
  return all;
}

}  // namespace

RevocationSharing::RevocationSharing(EventLoop& loop, RedisLink& redis, Realm& realm)
    : realm_(realm),
      shared_({loop, redis.client(), realm.clock, realm.log}, options_of(*realm.settings),
              {[this](const SharedRevocation& heard) { learn(realm_, heard); }, [this] { return all_of(realm_); },
               [this](std::int64_t now_ms) { realm_.store_health.in_touch(now_ms); },
               [this] { realm_.store_health.in_trouble(); }}) {}

void RevocationSharing::publish(const Revocation& revocation) {
  shared_.publish({revocation.key, revocation.before_ms, revocation.forget_at_s});
}

}  // namespace lp
