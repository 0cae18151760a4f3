#include "auth/provider/client_secrets.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lp {
namespace {

bool same(const Secret& a, const Secret& b) { return a.equals(b.reveal()); }

bool contains(const std::vector<Secret>& secrets, const Secret& wanted) {
  return std::any_of(secrets.begin(), secrets.end(), [&](const Secret& one) { return same(one, wanted); });
}

}  // namespace

ClientSecrets::ClientSecrets(std::vector<Secret> secrets) : secrets_(std::move(secrets)) {
  LP_CHECK(!secrets_.empty(), "a confidential client without a secret");
}

void ClientSecrets::replace(std::vector<Secret> secrets) {
  LP_CHECK(!secrets.empty(), "a confidential client without a secret");
  if (std::equal(secrets.begin(), secrets.end(), secrets_.begin(), secrets_.end(), same)) return;
  secrets_ = std::move(secrets);
  current_ = 0;
}

const Secret* ClientSecrets::untried(const std::vector<Secret>& tried) const {
  if (!contains(tried, secrets_[current_])) return &secrets_[current_];
  const auto found =
      std::find_if(secrets_.begin(), secrets_.end(), [&](const Secret& s) { return !contains(tried, s); });
  return found == secrets_.end() ? nullptr : &*found;
}

std::optional<ClientSecrets::FallOver> ClientSecrets::accept(const Secret& accepted,
                                                             const std::vector<Secret>& refused) {
  if (!contains(refused, secrets_[current_])) return std::nullopt;
  const auto found = std::find_if(secrets_.begin(), secrets_.end(), [&](const Secret& s) { return same(s, accepted); });
  if (found == secrets_.end()) return std::nullopt;
  const std::size_t before = std::exchange(current_, static_cast<std::size_t>(found - secrets_.begin()));
  return FallOver{before + 1, current_ + 1};
}

}  // namespace lp
