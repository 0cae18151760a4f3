#pragma once
#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/exchange/worker_context.h"
#include "proxy/http1/client.h"
#include "proxy/net/listener.h"
#include "proxy/net/tls_acceptor.h"
#include "proxy/server/certificates.h"
#include "proxy/server/connection_shares.h"
#include "proxy/server/proxied_arrival.h"

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
  // `descriptors` are borrowed and must outlive the acceptor; -1: others accept there, and hand over.
  Acceptor(const Http1Client::Environment& environment, const std::vector<int>& descriptors, const Limits& limits,
           Http1Client::MakeEvents make_events);
  ~Acceptor();

  // Who comes by descriptor number `which` from now on speaks TLS. `over` is the same each time.
  void use_tls(std::size_t which, std::shared_ptr<const TlsAcceptor> tls, const Http1Client::OverTls& over);
  void hand_out(std::size_t which, HandOut to) { entrances_.at(which).hand_out = std::move(to); }
  // Somebody who has come by the same descriptor of another acceptor.
  void take(std::size_t which, Socket socket, std::string peer);
  // Who comes by descriptor number `which` is a balancer of trusted_proxies, and says first who is behind it.
  void expect_proxy_header(std::size_t which) { entrances_.at(which).expects_proxy_header = true; }
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
    std::unique_ptr<IoEvent> accepting;
    std::shared_ptr<const TlsAcceptor> tls;  // null: plain
    Http1Client::OverTls over_tls;
    bool expects_proxy_header = false;
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
  void remove(Http1Client& connection);
  void pause();
  void resume();

  Http1Client::Environment environment_;
  Limits limits_;
  Http1Client::MakeEvents make_events_;
  std::deque<Entrance> entrances_;  // connections refer to them
  Timer resume_;
  Deadline looked_;  // set: idle ones were looked for a moment ago, which is a walk over all
  bool listens_ = true;
  bool is_short_ = false;  // of descriptors, when last accepted
  std::unordered_map<ProxiedArrival*, std::unique_ptr<ProxiedArrival>> arrivals_;
  std::unordered_map<Http1Client*, std::unique_ptr<Http1Client>> connections_;
};

// One event loop with everything that belongs to it; runs on a thread of its own.
class Worker {
 public:
  // Borrowed descriptors, which must outlive the worker.
  struct Listening {
    std::vector<int> listen;      // as Settings::listen; -1: another worker accepts there
    std::vector<int> for_checks;  // what other proxies ask (forward_auth.listen), and nothing else
  };
  enum class Entry { app, checks, https_door };  // which of its acceptors
  // All must outlive it. `ask_others_for_room`: see Acceptor::Limits.
  Worker(const ServedRealms& served, ServerState& server, ConnectionShares& shares, const Listening& listening,
         const TlsMaterial& tls, const std::function<void()>& ask_others_for_room);
  ~Worker();
  void run() { context_.loop.run(); }
  // From any thread.
  void take(Entry entry, std::size_t which, Socket socket, std::string peer);
  void replace_tls(std::shared_ptr<const TlsMaterial> tls);                        // for connections that come later
  void make_room();                                                                // as Acceptor::make_room, later
  void drain(bool stops_listening);                                                // as Acceptor::drain, later
  [[nodiscard]] bool is_drained() const { return busy_connections_.load() == 0; }  // as of the last drain()
  void stop();
  // Before it runs: of each unix socket that it alone accepts from. `to` is called on its thread.
  using HandOut = std::function<bool(Entry entry, std::size_t which, Socket& socket, const std::string& peer)>;
  void hand_out(const Listening& listening, const HandOut& to);

 private:
  WorkerContext context_;
  [[nodiscard]] Http1Client::Environment environment();
  void use_tls(const TlsMaterial& tls);
  Acceptor acceptor_;
  Acceptor check_acceptor_;
  Acceptor https_door_;  // of listeners with redirect_to_https
  std::array<Acceptor*, 3> acceptors_{&acceptor_, &check_acceptor_, &https_door_};
  std::atomic<std::int64_t> busy_connections_{1};
};

}  // namespace lp
