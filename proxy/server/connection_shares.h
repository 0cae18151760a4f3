#pragma once
#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/client_counts.h"
#include "base/client_rates.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/repeated_notice.h"
#include "config/settings.h"

namespace lp {

// Pure. What limits.connections_per_address comes to: by itself half of all, however few these are, for whoever has all
// keeps everybody else out.
[[nodiscard]] std::int64_t connections_per_address_of(const LimitSettings& limits);

// Pure. What limits.handshakes_per_address comes to. By itself it does not hold for addresses of this machine: whoever
// is on it needs no handshake to use its CPU, and a balancer on it that passes TLS on stands for many.
[[nodiscard]] std::int64_t handshakes_per_address_of(const LimitSettings& limits);

// Who may have how many of limits.connections. All proxies in trusted_proxies, and who comes by a unix socket, stand
// for all of their clients and are not counted one by one. Shared by all acceptors of a listener; any thread.
class ConnectionShares {
 public:
  // All must outlive it.
  ConnectionShares(const LimitSettings& limits, const std::vector<Cidr>& trusted_proxies, const Clock& clock, Log& log);

  [[nodiscard]] bool is_full() const { return open_.load(std::memory_order_relaxed) >= limits_.connections; }
  // Counts one more connection of this peer; false where it has its share already: then nothing is counted.
  [[nodiscard]] bool admit(std::string_view peer);
  void leave(std::string_view peer);
  // Before this peer begins TLS; false: it has done so too often (limits.handshakes_per_address), and the log tells.
  [[nodiscard]] bool may_begin_tls(std::string_view peer);
  // For the log, once and then once a minute.
  void tell_full();
  void tell_no_descriptors(std::string_view reason);

  void tell_no_balancer(std::string_view peer);
  void tell_no_proxy_header(std::string_view balancer);
  // Of trusted_proxies, or by a unix socket.
  [[nodiscard]] bool is_trusted(std::string_view peer) const { return !is_counted(peer); }

  [[nodiscard]] std::int64_t open() const { return open_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] bool is_counted(std::string_view peer) const;

  const LimitSettings& limits_;
  const std::vector<Cidr>& trusted_;
  const std::int64_t per_address_;
  const Clock& clock_;
  Log& log_;
  std::atomic<std::int64_t> open_{0};
  ClientCounts of_address_;
  ClientRates handshakes_;
  RepeatedNotice full_, no_descriptors_, over_share_, handshakes_notice_, no_balancer_, no_proxy_header_;
};

}  // namespace lp
