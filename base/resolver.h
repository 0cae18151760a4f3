#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/event.h"
#include "base/result.h"

struct evdns_base;

namespace lp {

// Where a connection may go. The port is in the address.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

// Names of upstreams to addresses, one resolver a worker: IP literals and localhost at once, then /etc/hosts, then DNS
// by libevent. Answers are kept for their TTL, at most 30 s, and forgotten when connecting fails: a service that was
// restarted under another address is found again (Docker hands out a TTL of 600 s).
class Resolver {
 public:
  explicit Resolver(EventLoop& loop);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // What is known now; null when it must be looked up. Valid until the next call of a member.
  [[nodiscard]] const std::vector<SocketAddress>* known(const std::string& host, std::uint16_t port);

  class Wait {  // dropping it cancels
   public:
    virtual ~Wait() = default;
  };
  // `done` runs later on the loop with at least one address or an error. Lookups of one name share one flight.
  using Done = std::function<void(Result<std::vector<SocketAddress>>)>;
  [[nodiscard]] std::unique_ptr<Wait> look_up(const std::string& host, std::uint16_t port, Done done);

  void forget(const std::string& host);

 private:
  struct Lookup;
  struct WaitImpl;
  struct Known {
    std::vector<SocketAddress> addresses;  // port 0
    std::int64_t until_ms = 0;
  };
  Lookup& start(const std::string& host);
  void finish(Lookup& lookup);
  static void on_dns(int result, char type, int count, int ttl, void* addresses, void* lookup);

  EventLoop& loop_;
  evdns_base* dns_ = nullptr;
  std::map<std::string, Known> known_;
  std::map<std::string, std::unique_ptr<Lookup>> lookups_;
  std::vector<SocketAddress> answer_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  // for what is posted
};

// Pure parts. An IP literal (IPv6 without brackets) or localhost (RFC 6761 6.3) needs no look-up.
[[nodiscard]] std::vector<SocketAddress> addresses_without_lookup(std::string_view host);
// Addresses that a hosts(5) text gives a name, in its order.
[[nodiscard]] std::vector<SocketAddress> addresses_in_hosts(std::string_view hosts_text, std::string_view host);
[[nodiscard]] std::string address_text(const SocketAddress& address);  // without port; v4-mapped as IPv4
void set_port(SocketAddress& address, std::uint16_t port);

}  // namespace lp
