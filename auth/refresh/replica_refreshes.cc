#include "auth/refresh/replica_refreshes.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {
namespace {

constexpr std::int64_t kEpochEveryMs = 2'000;
constexpr std::int64_t kTellAgainMs = 500;
// A secret that no replica has told of for so long is nobody's: what is sealed under it will never be read again.
constexpr std::int64_t kSecretInUseMs = 3 * kEpochEveryMs;
constexpr std::size_t kToldAtATime = 100;
// Of what does harm to nobody who doesn't hear of it: long enough for all who wait now.
constexpr std::int64_t kPassingMs = 60'000;
constexpr std::size_t kOwnerBytes = 16;
static_assert(kSecretNameBytes == 2 * sizeof(SecretId));

// In front of what is sealed: under which secret it is, which who lacks that cannot tell otherwise.
std::string name_of(SecretId id) { return hex_encode(std::string_view(reinterpret_cast<const char*>(&id), sizeof id)); }
std::vector<std::string> names_of(const std::vector<SecretId>& ids) {
  std::vector<std::string> names;
  std::transform(ids.begin(), ids.end(), std::back_inserter(names), name_of);
  return names;
}

}  // namespace

ReplicaRefreshes::ReplicaRefreshes(EventLoop& loop, RedisLink& redis, const Realm& realm, const RefreshMemory& memory)
    : loop_(loop),
      redis_(redis),
      realm_(realm),
      memory_(memory),
      ring_(realm.keyring()->secret_ids),
      epoch_timer_(loop, [this] { check_epoch(); }),
      tell_timer_(loop, [this] { tell_some(); }) {
  redis_.on_connected([this] { check_epoch(); });
  check_epoch();
}

RefreshLockKeys ReplicaRefreshes::keys_of(const std::string& key) const {
  return refresh_lock_keys(realm_.settings->redis.prefix, realm_.settings->realm, hex_encode(key));
}

bool ReplicaRefreshes::may_take() const {
  const std::int64_t unsettled_ms = std::max(lost_at_ms_, redis_.reconnected_at_ms());
  return unsettled_ms < 0 || realm_.clock.monotonic_ms() - unsettled_ms >= kSettleMs;
}

std::unique_ptr<RefreshTurn> ReplicaRefreshes::take_turn(const std::string& key, std::function<void()> on_held_by_other,
                                                         RefreshTurn::Done done) {
  RefreshTurn::Terms terms;
  terms.may_take = [this] { return may_take(); };
  terms.epoch = [this] { return epoch_; };
  terms.on_held_by_other = std::move(on_held_by_other);
  return std::make_unique<RefreshTurn>(loop_, redis_.client(), keys_of(key), hex_encode(random_bytes(kOwnerBytes)),
                                       RefreshTurn::Times(), std::move(done), std::move(terms));
}

std::string ReplicaRefreshes::seal(const std::string& key, const RefreshOutcome& outcome) {
  const auto ring = realm_.keyring();
  // Before what is sealed under it: who does not have it must not believe that nobody does.
  if (ring->secret_ids.front() != announced_) check_epoch();
  return name_of(ring->secret_ids.front()) +
         seal_refresh(ring->refreshed_sealer, key, outcome, random_bytes(kXaesNonceBytes));
}

std::optional<RefreshOutcome> ReplicaRefreshes::open(const std::string& key, const RefreshSuccessor& successor) {
  const std::string_view sealed = successor.sealed;
  const std::string_view behind_name = sealed.substr(std::min(sealed.size(), kSecretNameBytes));
  auto outcome = open_refresh(realm_.keyring()->refreshed_sealer, key, behind_name);
  if (outcome) told_of_foreign_ = false;
  if (outcome || is_removed(successor) || std::exchange(told_of_foreign_, true)) return outcome;
  realm_.log.error(
      "another replica's refreshes cannot be read: give all replicas the same session.secret and the same version");
  return outcome;
}

// Until all replicas can have come back, one that has the secret may not have said so.
bool ReplicaRefreshes::is_removed(const RefreshSuccessor& successor) const {
  if (!successor.opens_somewhere && may_take()) return true;
  return std::any_of(removed_ids_.begin(), removed_ids_.end(),
                     [&](SecretId id) { return successor.sealed.starts_with(name_of(id)); });
}

void ReplicaRefreshes::give_back(std::unique_ptr<RefreshTurn> turn, const std::string& key,
                                 const std::optional<RefreshOutcome>& told) {
  const std::uint64_t number = ++last_number_;
  RefreshTurn& giving = *turn;
  returning_.emplace(number, std::move(turn));
  RefreshTurn::Released released = [this, number, key](const auto& answer) { on_given_back(number, key, answer); };
  if (!told) return giving.release(std::move(released));
  const auto spent = memory_.find_rotated(key);
  const std::int64_t spent_ms = spent ? (spent->keep_until_s - realm_.clock.unix_s()) * 1000 : 0;
  giving.publish(seal(key, *told), std::max(kPassingMs, spent_ms), std::move(released));
}

void ReplicaRefreshes::on_given_back(std::uint64_t number, const std::string& key,
                                     const Result<bool, RedisError>& answer) {
  auto ended = returning_.extract(number);
  loop_.defer_delete(std::move(ended.mapped()));
  if (answer && !*answer)
    realm_.log.warning("a refresh took longer than its lock: another replica may have repeated it");
  if ((answer && *answer) || !memory_.find_rotated(key)) return;
  untold_.insert(key);
  tell_timer_.start_ms(kTellAgainMs);
}

void ReplicaRefreshes::discard(const std::string& key, std::string_view sealed) {
  const std::uint64_t number = ++last_number_;
  discarding_[number] = redis_.client().command(discard_refresh(keys_of(key), sealed),
                                                [this, number](const auto&) { discarding_.erase(number); });
}

void ReplicaRefreshes::check_epoch() {
  epoch_timer_.start_ms(kEpochEveryMs);
  const auto ring = realm_.keyring();
  announced_ = ring->secret_ids.front();
  asking_epoch_ = redis_.client().command(refresh_epoch_command(keys_of({}), hex_encode(random_bytes(kOwnerBytes)),
                                                                names_of(ring->secret_ids), kSecretInUseMs),
                                          [this](const auto& answer) { on_epoch(answer); });
}

void ReplicaRefreshes::on_epoch(const Result<RedisReply, RedisError>& answer) {
  if (!answer) return;
  auto epoch = judge_refresh_epoch(*answer);
  if (!epoch || *epoch == epoch_) return tell_some();
  const bool is_first = std::exchange(epoch_, std::move(*epoch)).empty();
  if (!is_first) {
    lost_at_ms_ = realm_.clock.monotonic_ms();
    realm_.log.warning("Redis has lost what it kept of refreshes: it is told again, and refreshes wait meanwhile");
  }
  tell_all_again();
}

// Whoever spent a token knows by what it was replaced, whatever stands in Redis.
void ReplicaRefreshes::reseal() {
  for (const SecretId id : std::exchange(ring_, realm_.keyring()->secret_ids)) removed_ids_.insert(id);
  for (const SecretId id : ring_) removed_ids_.erase(id);
  for (std::string& key : memory_.rotated_keys()) unsealed_.insert(std::move(key));
  tell_all_again();
}

// At the first time, too: what a journal kept may be what this process could not tell before it ended.
void ReplicaRefreshes::tell_all_again() {
  for (std::string& key : memory_.rotated_keys()) untold_.insert(std::move(key));
  tell_some();
}

void ReplicaRefreshes::tell_some() {
  while (telling_.size() < kToldAtATime && !untold_.empty()) {
    const std::string key = std::move(untold_.extract(untold_.begin()).value());
    const auto spent = memory_.find_rotated(key);
    const std::int64_t ttl_ms = spent ? (spent->keep_until_s - realm_.clock.unix_s()) * 1000 : 0;
    if (ttl_ms <= 0) continue;
    const std::uint64_t number = ++last_number_;
    Telling& telling = telling_[number];
    telling.key = key;
    const bool over_others = unsealed_.contains(key);
    telling.handle =
        redis_.client().command(publish_refresh_again(keys_of(key), seal(key, spent->refreshed), ttl_ms, over_others),
                                [this, number](const auto& reply) { on_told(number, reply.ok()); });
  }
}

void ReplicaRefreshes::on_told(std::uint64_t number, bool came_through) {
  auto told = telling_.extract(number);
  if (came_through) unsealed_.erase(told.mapped().key);
  if (came_through) return tell_some();
  untold_.insert(std::move(told.mapped().key));
  tell_timer_.start_ms(kTellAgainMs);
}

}  // namespace lp
