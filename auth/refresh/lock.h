#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/redis_reply.h"
#include "base/result.h"

// One refresh flight per refresh token among all replicas: a lock in Redis that expires, and the result beside it.
// Pure: commands, and what their replies say; auth/refresh/turn.h carries them out.
//
// A lock that expires can have two holders, one of whom doesn't know that it is over: so each taking gets a number of
// its own (the fence), and what is published carries it. The comparison and the change are one script, which Redis runs
// as one step.
namespace lp {

inline constexpr std::size_t kSecretNameBytes = 16;

struct RefreshLockKeys {
  std::string lock, successor, fence, epoch;
  std::string in_use;  // the beginning of keys that end in a secret's name: some replica has it
};
// `token_hash`: of the refresh token, in hex; never the token.
[[nodiscard]] RefreshLockKeys refresh_lock_keys(std::string_view prefix, std::string_view realm,
                                                std::string_view token_hash);

struct HeldRefreshLock {
  std::int64_t fence = 0;  // grows with each taking, as long as Redis keeps its data
  std::string value;       // fence and owner: also after a loss of data no two takings have the same
  bool operator==(const HeldRefreshLock&) const = default;
};
struct RefreshSuccessor {
  std::string sealed;           // what the holder published, behind the name of the secret that it is sealed under
  bool opens_somewhere = true;  // some replica has that secret
  bool operator==(const RefreshSuccessor&) const = default;
};
struct RefreshHeldByAnother {
  std::int64_t expires_in_ms = 0;
  bool operator==(const RefreshHeldByAnother&) const = default;
};
using RefreshAcquisition = std::variant<HeldRefreshLock, RefreshSuccessor, RefreshHeldByAnother>;

// The successor where there is one, which begins with kSecretNameBytes of the name of its secret; else the lock, if it
// is free and Redis still is in `epoch` (empty: in any). `owner`: 16 random bytes in hex, new for each flight. ttl_ms
// 0: only the successor, the lock counts as held by another.
[[nodiscard]] std::vector<std::string> acquire_refresh_lock(const RefreshLockKeys& keys, std::string_view owner,
                                                            std::int64_t ttl_ms, std::string_view epoch = {});
[[nodiscard]] Result<RefreshAcquisition> judge_acquisition(const RedisReply& reply);

// Sets the successor and gives the lock back, if it is still ours; also if it has expired and nobody took it since and
// there is no successor: then nothing newer can be overwritten, and a rotated token would be lost without need.
[[nodiscard]] std::vector<std::string> publish_refresh(const RefreshLockKeys& keys, const HeldRefreshLock& held,
                                                       std::string_view sealed, std::int64_t successor_ttl_ms);
// Gives the lock back without a result: the next one who asks gets it.
[[nodiscard]] std::vector<std::string> release_refresh_lock(const RefreshLockKeys& keys, const HeldRefreshLock& held);
// While the holder is at work: the lock lives `ttl_ms` from now on. Takes it again where it is gone, which it is after
// Redis lost its data, and nobody took it or published since.
[[nodiscard]] std::vector<std::string> renew_refresh_lock(const RefreshLockKeys& keys, const HeldRefreshLock& held,
                                                          std::int64_t ttl_ms);
// Of these three: false if the lock had gone to another.
[[nodiscard]] Result<bool> judge_release(const RedisReply& reply);

// Makes what was published known where Redis has nothing for this token: it was away at the time, or lost its data.
// `over_others`: also where it has something, which may be sealed under a secret that nobody has any more.
[[nodiscard]] std::vector<std::string> publish_refresh_again(const RefreshLockKeys& keys, std::string_view sealed,
                                                             std::int64_t successor_ttl_ms, bool over_others = false);
// Takes back the successor of a token that was not spent, if it still is this one: the token may be used again.
[[nodiscard]] std::vector<std::string> discard_refresh(const RefreshLockKeys& keys, std::string_view sealed);

// The value that stands in Redis for as long as it keeps its data: `fresh` (random) where there was none. Whoever finds
// another than before knows that locks and successors are gone. Tells in the same step, for `in_use_ms`, that some
// replica has the secrets of these names.
[[nodiscard]] std::vector<std::string> refresh_epoch_command(const RefreshLockKeys& keys, std::string_view fresh,
                                                             const std::vector<std::string>& secret_names,
                                                             std::int64_t in_use_ms);
[[nodiscard]] Result<std::string> judge_refresh_epoch(const RedisReply& reply);

// How long to wait before asking again, the first time with 0: 50 ms, doubling to 250 ms.
[[nodiscard]] std::int64_t refresh_poll_delay_ms(int asked_before);

}  // namespace lp
