#include "auth/refresh/lock.h"

#include <algorithm>
#include <charconv>

namespace lp {
namespace {

constexpr const char* kAcquire = R"(
local successor = redis.call('GET', KEYS[2])
if successor then
  return {'successor', successor, redis.call('EXISTS', KEYS[5] .. string.sub(successor, 1, tonumber(ARGV[4])))}
end
if tonumber(ARGV[2]) <= 0 then return {'held', -2} end
if ARGV[3] ~= '' and redis.call('GET', KEYS[4]) ~= ARGV[3] then return {'held', -2} end
local left = redis.call('PTTL', KEYS[1])
if left ~= -2 then return {'held', left} end
local fence = redis.call('INCR', KEYS[3])
local value = string.format('%.0f', fence) .. '-' .. ARGV[1]
redis.call('SET', KEYS[1], value, 'PX', ARGV[2])
return {'taken', fence, value})";

constexpr const char* kPublish = R"(
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
if not holder and redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[1])
return 1)";

constexpr const char* kRelease = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1)";

constexpr const char* kRenew = R"(
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
if not holder and redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1)";

constexpr const char* kDiscard = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1)";

constexpr const char* kEpoch = R"(
for i = 2, #KEYS do redis.call('SET', KEYS[i], '1', 'PX', ARGV[2]) end
local epoch = redis.call('GET', KEYS[1])
if epoch then return epoch end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1])";

constexpr std::int64_t kFirstPollMs = 50;
constexpr std::int64_t kMaxPollMs = 250;

Error unexpected() { return fail("Redis answers a refresh lock with something else"); }

}  // namespace

RefreshLockKeys refresh_lock_keys(std::string_view prefix, std::string_view realm, std::string_view token_hash) {
  const std::string base = std::string(prefix) + ':' + std::string(realm) + ':';
  const std::string hash(token_hash);
  return {base + "refresh-lock:" + hash, base + "successor:" + hash, base + "refresh-fence", base + "refresh-epoch",
          base + "secret-in-use:"};
}

std::vector<std::string> acquire_refresh_lock(const RefreshLockKeys& keys, std::string_view owner, std::int64_t ttl_ms,
                                              std::string_view epoch) {
  return {"EVAL",
          kAcquire,
          "5",
          keys.lock,
          keys.successor,
          keys.fence,
          keys.epoch,
          keys.in_use,
          std::string(owner),
          std::to_string(ttl_ms),
          std::string(epoch),
          std::to_string(kSecretNameBytes)};
}

Result<RefreshAcquisition> judge_acquisition(const RedisReply& reply) {
  const std::string_view what = reply[0].string().value_or("");
  const auto text = reply[1].string();
  const auto number = reply[1].integer();
  if (what == "successor" && text) {
    return RefreshAcquisition(RefreshSuccessor{std::string(*text), reply[2].integer() != 0});
  }
  if (what == "held" && number) return RefreshAcquisition(RefreshHeldByAnother{std::max<std::int64_t>(*number, 0)});
  const auto value = reply[2].string();
  if (what == "taken" && number && value) return RefreshAcquisition(HeldRefreshLock{*number, std::string(*value)});
  return unexpected();
}

std::vector<std::string> publish_refresh(const RefreshLockKeys& keys, const HeldRefreshLock& held,
                                         std::string_view sealed, std::int64_t successor_ttl_ms) {
  return {"EVAL",
          kPublish,
          "2",
          keys.lock,
          keys.successor,
          held.value,
          std::string(sealed),
          std::to_string(successor_ttl_ms)};
}

std::vector<std::string> release_refresh_lock(const RefreshLockKeys& keys, const HeldRefreshLock& held) {
  return {"EVAL", kRelease, "1", keys.lock, held.value};
}

std::vector<std::string> renew_refresh_lock(const RefreshLockKeys& keys, const HeldRefreshLock& held,
                                            std::int64_t ttl_ms) {
  return {"EVAL", kRenew, "2", keys.lock, keys.successor, held.value, std::to_string(ttl_ms)};
}

std::vector<std::string> publish_refresh_again(const RefreshLockKeys& keys, std::string_view sealed,
                                               std::int64_t successor_ttl_ms, bool over_others) {
  std::vector<std::string> argv = {"SET", keys.successor, std::string(sealed), "PX", std::to_string(successor_ttl_ms)};
  if (!over_others) argv.emplace_back("NX");
  return argv;
}

std::vector<std::string> discard_refresh(const RefreshLockKeys& keys, std::string_view sealed) {
  return {"EVAL", kDiscard, "1", keys.successor, std::string(sealed)};
}

std::vector<std::string> refresh_epoch_command(const RefreshLockKeys& keys, std::string_view fresh,
                                               const std::vector<std::string>& secret_names, std::int64_t in_use_ms) {
  std::vector<std::string> argv = {"EVAL", kEpoch, std::to_string(1 + secret_names.size()), keys.epoch};
  for (const std::string& name : secret_names) argv.push_back(keys.in_use + name);
  argv.insert(argv.end(), {std::string(fresh), std::to_string(in_use_ms)});
  return argv;
}

Result<std::string> judge_refresh_epoch(const RedisReply& reply) {
  const auto epoch = reply.string();
  if (!epoch || epoch->empty()) return unexpected();
  return std::string(*epoch);
}

Result<bool> judge_release(const RedisReply& reply) {
  const auto done = reply.integer();
  if (!done) return unexpected();
  return *done == 1;
}

std::int64_t refresh_poll_delay_ms(int asked_before) {
  return std::min(kMaxPollMs, kFirstPollMs << std::clamp(asked_before, 0, 8));
}

}  // namespace lp
