#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/deadline.h"
#include "base/event.h"
#include "base/resolver.h"
#include "proxy/http1/client_environment.h"
#include "proxy/net/client_connection.h"
#include "proxy/net/socket.h"
#include "proxy/net/tls_acceptor.h"
#include "proxy/net/transport.h"
#include "proxy/server/connection_shares.h"
#include "proxy/server/proxied_arrival.h"
#include "proxy/server/wire_choice.h"

namespace lp {

// Accepts connections of a set of listening sockets and owns them. Bound to one loop.
class Acceptor {
 public:
  struct Limits {
    ConnectionShares& shares;
    // All places are taken, and this acceptor has no connection that could make room: others may. Called on its loop,
    // at most a few times a second.
    std::function<void()> ask_others_for_room{};
  };
  // Who comes by a listening socket that only this acceptor has, and whose turn it is to serve him: true, then somebody
  // else has taken the socket.
  using HandOut = std::function<bool(Socket& socket, const std::string& peer)>;
  // `descriptors` are borrowed and must outlive the acceptor, as `events` must; -1: others accept there, and hand over.
  Acceptor(const ClientEnvironment& environment, const std::vector<int>& descriptors, const Limits& limits,
           EventsSource& events);
  ~Acceptor();

  // Who comes by descriptor number `which` from now on speaks TLS. `over` is the same each time.
  void use_tls(std::size_t which, std::shared_ptr<const TlsAcceptor> tls, const OverTls& over);
  void hand_out(std::size_t which, HandOut to) { entrances_.at(which).hand_out = std::move(to); }
  // Somebody who has come by the same descriptor of another acceptor.
  void take(std::size_t which, Socket socket, std::string peer);
  // Who comes by descriptor number `which` is a balancer of trusted_proxies, and says first who is behind it.
  void expect_proxy_header(std::size_t which) { entrances_.at(which).expects_proxy_header = true; }
  // Who comes by descriptor number `which`, without TLS, may begin with HTTP/2 (RFC 9113 3.3).
  void take_http2(std::size_t which) { entrances_.at(which).takes_http2 = true; }
  // Closes some of the connections that have waited for a request for longest, if any has for a while.
  bool make_room();
  // To be called again and again until it answers 0: closes connections that wait for their next request, and counts
  // those that would lose something. One that has never sent anything stays: its first request may be on its way.
  std::int64_t drain();
  // Accepts who waits, and nobody any more.
  void stop_listening();
  void close_all_connections();
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

 private:
  struct Entrance {
    int fd;
    ClientEnvironment environment;
    std::unique_ptr<IoEvent> accepting;
    std::shared_ptr<const TlsAcceptor> tls;  // null: plain
    OverTls over_tls;
    bool expects_proxy_header = false;
    bool takes_http2 = false;  // without TLS
    HandOut hand_out{};
  };
  void accept_some(Entrance& entrance, int most);
  void greet(Entrance& entrance, Socket socket, std::string peer);
  void arrived(Entrance& entrance, ProxiedArrival& arrival, std::optional<std::string> client);
  void admit(Entrance& entrance, Socket socket, std::string peer);
  bool make_room_for(std::string_view peer);
  std::size_t close_longest_idle(std::string_view of_peer);
  [[nodiscard]] bool may_look_for_idle();
  [[nodiscard]] bool has_room(const Entrance& entrance);
  void greet_or_hand_out(Entrance& entrance, Socket socket, std::string peer);
  void run_short(std::string_view reason);
  void add(Entrance& entrance, Socket socket, std::string peer);
  void choose_wire(Entrance& entrance, Transport transport, std::string peer);
  void chosen(Entrance& entrance, WireChoice& choice, std::optional<WireChoice::Chosen> wire);
  void add_http1(Entrance& entrance, Transport transport, std::string peer, std::string_view early);
  void add_http2(Entrance& entrance, Transport transport, std::string peer, std::string_view early);
  void keep(std::unique_ptr<ClientConnection> connection);
  void remove(ClientConnection& connection);
  [[nodiscard]] bool most_have_gone() const;
  void give_back_memory();
  void pause();
  void resume();

  ClientEnvironment environment_;
  Limits limits_;
  EventsSource& events_;
  std::deque<Entrance> entrances_;  // connections refer to them
  Timer resume_;
  Deadline looked_;                   // set: idle ones were looked for a moment ago, which is a walk over all
  Deadline calm_;                     // set: most connections have gone, and what they took may go too
  std::size_t most_connections_ = 0;  // since that was done
  bool listens_ = true;
  bool is_short_ = false;  // of descriptors, when last accepted
  std::unordered_map<ProxiedArrival*, std::unique_ptr<ProxiedArrival>> arrivals_;
  std::unordered_map<ClientConnection*, std::unique_ptr<ClientConnection>> connections_;
};

}  // namespace lp
