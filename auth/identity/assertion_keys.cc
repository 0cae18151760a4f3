#include "auth/identity/assertion_keys.h"

#include <nlohmann/json.hpp>

#include "base/check.h"

namespace lp {
namespace {

std::int64_t epoch_of(std::int64_t now_s) { return now_s / kAssertionEpochS; }

}  // namespace

AssertionKeys::AssertionKeys(std::vector<Secret> ring, std::string realm)
    : ring_(std::move(ring)), realm_(std::move(realm)) {}

AssertionKeys::Key AssertionKeys::key(std::size_t secret, std::int64_t epoch) const {
  Key& made = made_[{epoch, secret}];
  if (!made) made = std::make_shared<const AssertionKey>(AssertionKey::derive(ring_[secret], realm_, epoch));
  return made;
}

std::shared_ptr<const AssertionKey> AssertionKeys::signing_key(std::int64_t now_s) const {
  LP_CHECK(!ring_.empty(), "assertions without a secret");
  const std::lock_guard lock(mutex_);
  return key(0, epoch_of(now_s));
}

std::string AssertionKeys::jwks(std::int64_t now_s) const {
  const std::lock_guard lock(mutex_);
  const std::int64_t now = epoch_of(now_s);
  if (jwks_epoch_ == now) return jwks_;
  nlohmann::ordered_json keys = nlohmann::ordered_json::array();
  for (std::size_t secret = 0; secret < ring_.size(); ++secret) {
    for (const std::int64_t epoch : {now, now - 1, now + 1}) keys.push_back(key(secret, epoch)->public_jwk());
  }
  made_.erase(made_.begin(), made_.lower_bound({now - 1, 0}));
  jwks_ = nlohmann::ordered_json{{"keys", std::move(keys)}}.dump();
  jwks_epoch_ = now;
  return jwks_;
}

}  // namespace lp
