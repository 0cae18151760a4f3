#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "auth/identity/assertion_key.h"
#include "base/secret.h"

namespace lp {

inline constexpr std::int64_t kAssertionEpochS = 7 * 24 * 3600;

// The keys of all secrets of a ring around this moment, made when they are first needed. The first secret signs; each
// publishes, so that a secret that is about to come to the front, or has just left it, is known to apps. Any thread.
class AssertionKeys {
 public:
  AssertionKeys(std::vector<Secret> ring, std::string realm);

  [[nodiscard]] std::shared_ptr<const AssertionKey> signing_key(std::int64_t now_s) const;
  // A JWK set with the keys of the last, this and the next epoch: replicas whose clocks differ, and whoever keeps this
  // answer for a while, agree on them.
  [[nodiscard]] std::string jwks(std::int64_t now_s) const;

 private:
  using Key = std::shared_ptr<const AssertionKey>;
  [[nodiscard]] Key key(std::size_t secret, std::int64_t epoch) const;  // under mutex_

  std::vector<Secret> ring_;
  std::string realm_;
  mutable std::mutex mutex_;  // guards all below
  mutable std::map<std::pair<std::int64_t, std::size_t>, Key> made_;
  mutable std::string jwks_;
  mutable std::int64_t jwks_epoch_ = -1;
};

}  // namespace lp
