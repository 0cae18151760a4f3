#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace lp {

// Keys of session tickets (RFC 5077, RFC 8446 4.6.1), by which a client's next connection spares half of its handshake.
// Derived from session.secret and the time, so that all replicas and the process after a restart have the same, and for
// each group of certificates apart: what was agreed on for one host is worth nothing at another (threat T01).
struct TicketKey {
  std::array<unsigned char, 16> name{};
  Secret cipher;  // AES-256-CBC
  Secret mac;     // HMAC-SHA-256
};

class TicketKeys {
 public:
  static constexpr std::int64_t kLifetimeS = 12 * 60 * 60;  // of a key, then it opens for as long again

  // `secrets`, at least one: the first seals, all open. `group` tells apart whose tickets must not be taken.
  TicketKeys(const std::vector<Secret>& secrets, std::string group);

  [[nodiscard]] const TicketKey& sealing(std::int64_t now_s);
  // Null: none of ours, or too old. `is_old`: the client should get another one.
  [[nodiscard]] const TicketKey* opening(std::string_view name, std::int64_t now_s, bool& is_old);

 private:
  void derive(std::int64_t now_s);
  [[nodiscard]] TicketKey derived(const Secret& secret, std::int64_t period) const;

  std::vector<Secret> secrets_;
  std::string group_;
  std::int64_t period_ = -1;
  std::vector<TicketKey> keys_;  // the sealing one first, then those of now, of before and of the next period
};

}  // namespace lp
