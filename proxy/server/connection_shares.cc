#include "proxy/server/connection_shares.h"

#include <algorithm>
#include <string>

#include "proxy/net/ip_address.h"

namespace lp {

namespace {
bool is_of_this_machine(std::string_view peer) { return peer.starts_with("127.") || peer == "::1"; }
}  // namespace

std::int64_t connections_per_address_of(const LimitSettings& limits) {
  if (limits.connections_per_address != kAutomatic) return limits.connections_per_address;
  return std::max<std::int64_t>(1, limits.connections / 2);
}

std::int64_t handshakes_per_address_of(const LimitSettings& limits) {
  constexpr std::int64_t kByItself = 100;
  return limits.handshakes_per_address == kAutomatic ? kByItself : limits.handshakes_per_address;
}

ConnectionShares::ConnectionShares(const LimitSettings& limits, const std::vector<Cidr>& trusted_proxies,
                                   const Clock& clock, Log& log)
    : limits_(limits),
      trusted_(trusted_proxies),
      per_address_(connections_per_address_of(limits)),
      clock_(clock),
      log_(log),
      handshakes_(handshakes_per_address_of(limits)) {}

bool ConnectionShares::is_counted(std::string_view peer) const {
  const auto address = parse_ip(peer);
  return address && !contains_any(trusted_, *address);
}

bool ConnectionShares::admit(std::string_view peer) {
  if (is_counted(peer) && !ClientCounts::add(of_address_.of(peer), 1, per_address_)) {
    if (const auto times = over_share_.happened(clock_.monotonic_ms())) {
      log_.warning(
          "a client has all the connections that one address may have, more are closed at once: raise "
          "limits.connections_per_address, or name it in trusted_proxies if it is a proxy of yours",
          {{"client", peer}, {"connections", per_address_}, {"refused", *times}});
    }
    return false;
  }
  open_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void ConnectionShares::leave(std::string_view peer) {
  open_.fetch_sub(1, std::memory_order_relaxed);
  if (is_counted(peer)) of_address_.of(peer).fetch_sub(1, std::memory_order_relaxed);
}

bool ConnectionShares::may_begin_tls(std::string_view peer) {
  if (handshakes_.is_unlimited() || !is_counted(peer)) return true;
  if (limits_.handshakes_per_address == kAutomatic && is_of_this_machine(peer)) return true;
  if (handshakes_.take(peer, clock_.monotonic_ms())) return true;
  if (const auto times = handshakes_notice_.happened(clock_.monotonic_ms())) {
    log_.warning(
        "a client begins TLS more often than one address may, and its new connections are closed: raise "
        "limits.handshakes_per_address, or name it in trusted_proxies if it is a proxy of yours",
        {{"client", peer}, {"refused", *times}});
  }
  return false;
}

void ConnectionShares::tell_full() {
  if (!full_.happened(clock_.monotonic_ms())) return;
  log_.warning(
      "all connections are taken: those idle for longest are closed, new ones wait for a place: raise "
      "limits.connections where these are your users",
      {{"connections", limits_.connections}});
}

void ConnectionShares::tell_no_descriptors(std::string_view reason) {
  if (!no_descriptors_.happened(clock_.monotonic_ms())) return;
  log_.warning(
      "no connection can be accepted: raise the limit of open files (LimitNOFILE), or lower limits.connections",
      {{"reason", reason}, {"connections", open()}});
}

void ConnectionShares::tell_no_balancer(std::string_view peer) {
  if (!no_balancer_.happened(clock_.monotonic_ms())) return;
  log_.warning(
      "a connection to a listener with proxy_protocol was closed: it comes from nobody in trusted_proxies, whose word "
      "on the client counts there",
      {{"peer", peer}});
}

void ConnectionShares::tell_no_proxy_header(std::string_view balancer) {
  if (!no_proxy_header_.happened(clock_.monotonic_ms())) return;
  log_.warning(
      "a connection to a listener with proxy_protocol was closed: it did not begin with a header of the PROXY "
      "protocol; "
      "let the balancer send one, or take proxy_protocol out",
      {{"peer", balancer}});
}

}  // namespace lp
