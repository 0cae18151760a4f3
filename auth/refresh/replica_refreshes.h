#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "auth/realm/realm.h"
#include "auth/refresh/memory.h"
#include "auth/refresh/record.h"
#include "auth/refresh/turn.h"
#include "auth/replicas/redis_link.h"

namespace lp {

// What keeps two replicas from using one refresh token: turns, and outcomes that all of them get to see, sealed.
// Auth thread.
//
// Redis may come back without locks and successors, or after they have run out. Each replica then tells again which
// tokens it knows to be spent, and takes no lock for kSettleMs, so that the others have come back as well and told.
class ReplicaRefreshes {
 public:
  static constexpr std::int64_t kSettleMs = 8'000;  // more than the longest wait between two attempts to connect

  // All must outlive it. `memory` knows what became of tokens, before give_back().
  ReplicaRefreshes(EventLoop& loop, RedisLink& redis, const Realm& realm, const RefreshMemory& memory);
  ReplicaRefreshes(const ReplicaRefreshes&) = delete;
  ReplicaRefreshes& operator=(const ReplicaRefreshes&) = delete;

  // `key`: refresh_key(). See RefreshTurn for the two callbacks.
  [[nodiscard]] std::unique_ptr<RefreshTurn> take_turn(const std::string& key, std::function<void()> on_held_by_other,
                                                       RefreshTurn::Done done);
  // nullopt: not sealed under a secret of the ring, which is told to the log once where others have it.
  [[nodiscard]] std::optional<RefreshOutcome> open(const std::string& key, const RefreshSuccessor& successor);
  // It is under a secret that has left the ring here, or that no replica has: it counts as if it were not there.
  [[nodiscard]] bool is_removed(const RefreshSuccessor& successor) const;
  // Ends a turn that held the lock, also inside its callback. `told`: for the other replicas; nullopt: the next one who
  // asks gets the lock.
  void give_back(std::unique_ptr<RefreshTurn> turn, const std::string& key, const std::optional<RefreshOutcome>& told);
  // The successor of a token that was not spent says nothing new any more.
  void discard(const std::string& key, std::string_view sealed);

  // The ring of secrets is another: what is known is told again, under its first secret.
  void reseal();

  // What is still to be told.
  [[nodiscard]] std::size_t untold() const { return untold_.size() + telling_.size() + returning_.size(); }

 private:
  [[nodiscard]] RefreshLockKeys keys_of(const std::string& key) const;
  [[nodiscard]] bool may_take() const;
  [[nodiscard]] std::string seal(const std::string& key, const RefreshOutcome& outcome);
  void check_epoch();
  void on_epoch(const Result<RedisReply, RedisError>& answer);
  void tell_all_again();
  void tell_some();
  void on_told(std::uint64_t number, bool came_through);
  void on_given_back(std::uint64_t number, const std::string& key, const Result<bool, RedisError>& answer);

  EventLoop& loop_;
  RedisLink& redis_;
  const Realm& realm_;
  const RefreshMemory& memory_;
  std::string epoch_;  // empty: not known yet
  std::int64_t lost_at_ms_ = -1;
  bool told_of_foreign_ = false;
  SecretId announced_ = kNoSecret;            // the secret that seals, as Redis was told last
  std::vector<SecretId> ring_;                // as it was last
  std::unordered_set<SecretId> removed_ids_;  // in the life of this process

  struct Telling {
    std::string key;
    std::unique_ptr<RedisClient::Handle> handle;
  };
  std::unordered_set<std::string> untold_;    // keys of spent tokens
  std::unordered_set<std::string> unsealed_;  // of these: what stands in Redis may not open any more
  std::map<std::uint64_t, Telling> telling_;
  std::map<std::uint64_t, std::unique_ptr<RefreshTurn>> returning_;
  std::map<std::uint64_t, std::unique_ptr<RedisClient::Handle>> discarding_;
  std::uint64_t last_number_ = 0;
  std::unique_ptr<RedisClient::Handle> asking_epoch_;
  Timer epoch_timer_, tell_timer_;
};

}  // namespace lp
