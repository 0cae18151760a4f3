#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/exchange/worker_context.h"
#include "proxy/http1/client.h"
#include "proxy/net/listener.h"
#include "proxy/server/connection_shares.h"

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
  // `descriptors` are borrowed and must outlive the acceptor.
  Acceptor(const Http1Client::Environment& environment, const std::vector<int>& descriptors, const Limits& limits,
           Http1Client::MakeEvents make_events);
  ~Acceptor();

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
  void accept_some(int fd, int most);
  void admit(Socket socket, std::string peer);
  bool make_room_for(std::string_view peer);
  std::size_t close_longest_idle(std::string_view of_peer);
  [[nodiscard]] bool may_look_for_idle();
  void add(Socket socket, std::string peer);
  void remove(Http1Client& connection);
  void pause();
  void resume();

  Http1Client::Environment environment_;
  Limits limits_;
  Http1Client::MakeEvents make_events_;
  std::vector<int> descriptors_;
  std::vector<std::unique_ptr<IoEvent>> accepting_;
  Timer resume_;
  Deadline looked_;  // set: idle ones were looked for a moment ago, which is a walk over all
  bool listens_ = true;
  std::unordered_map<Http1Client*, std::unique_ptr<Http1Client>> connections_;
};

// One event loop with everything that belongs to it; runs on a thread of its own.
class Worker {
 public:
  // Borrowed descriptors, which must outlive the worker.
  struct Listening {
    std::vector<int> for_all;
    std::vector<int> for_checks;  // what other proxies ask (forward_auth.listen), and nothing else
  };
  // All must outlive it. `ask_others_for_room`: see Acceptor::Limits.
  Worker(const ServedRealms& served, ServerState& server, ConnectionShares& shares, const Listening& listening,
         const std::function<void()>& ask_others_for_room);
  ~Worker();
  void run() { context_.loop.run(); }
  // From any thread.
  void make_room();                                                                // as Acceptor::make_room, later
  void drain(bool stops_listening);                                                // as Acceptor::drain, later
  [[nodiscard]] bool is_drained() const { return busy_connections_.load() == 0; }  // as of the last drain()
  void stop();

 private:
  WorkerContext context_;
  [[nodiscard]] Http1Client::Environment environment();
  Acceptor acceptor_;
  Acceptor check_acceptor_;
  std::atomic<std::int64_t> busy_connections_{1};
};

}  // namespace lp
