#include "proxy/net/tls_tickets.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/crypto.h"

namespace lp {

TicketKeys::TicketKeys(const std::vector<Secret>& secrets, std::string group)
    : secrets_(secrets), group_(std::move(group)) {
  LP_CHECK(!secrets_.empty(), "tickets need a secret");
}

TicketKey TicketKeys::derived(const Secret& secret, std::int64_t period) const {
  const std::string info = "logto-proxy TLS ticket " + std::to_string(period) + " " + group_;
  const Secret bytes = hkdf_sha256(secret, info, 80);
  TicketKey key;
  std::memcpy(key.name.data(), bytes.reveal().data(), key.name.size());
  key.cipher = Secret(std::string(bytes.reveal().substr(16, 32)));
  key.mac = Secret(std::string(bytes.reveal().substr(48, 32)));
  return key;
}

// That of the next period too: another replica's clock may be ahead.
void TicketKeys::derive(std::int64_t now_s) {
  const std::int64_t period = now_s / kLifetimeS;
  if (period == period_) return;
  period_ = period;
  keys_.clear();
  for (const std::int64_t of : {period, period - 1, period + 1}) {
    for (const Secret& secret : secrets_) keys_.push_back(derived(secret, of));
  }
}

const TicketKey& TicketKeys::sealing(std::int64_t now_s) {
  derive(now_s);
  return keys_.front();
}

const TicketKey* TicketKeys::opening(std::string_view name, std::int64_t now_s, bool& is_old) {
  derive(now_s);
  const auto found = std::find_if(keys_.begin(), keys_.end(), [name](const TicketKey& key) {
    return name.size() == key.name.size() && std::memcmp(name.data(), key.name.data(), name.size()) == 0;
  });
  is_old = found != keys_.begin();
  return found == keys_.end() ? nullptr : &*found;
}

}  // namespace lp
