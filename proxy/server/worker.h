#pragma once
#include <memory>
#include <unordered_map>
#include <vector>

#include "proxy/exchange/worker_context.h"
#include "proxy/http1/client.h"
#include "proxy/net/listener.h"

namespace lp {

// Accepts connections of a set of listening sockets and owns them. Bound to one loop.
class Acceptor {
 public:
  struct Limits {
    std::atomic<std::int64_t>& open_connections;
    std::int64_t max_connections;
  };
  // `descriptors` are borrowed and must outlive the acceptor.
  Acceptor(const Http1Client::Environment& environment, const std::vector<int>& descriptors, const Limits& limits,
           Http1Client::MakeEvents make_events);
  ~Acceptor();

  void close_idle_connections();
  [[nodiscard]] std::int64_t busy_connections() const;  // with a request or unsent bytes of an answer
  void close_all_connections();
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

 private:
  void accept_some(int fd);
  void add(Socket socket, std::string peer);
  void remove(Http1Client& connection);
  void pause();
  void resume();

  Http1Client::Environment environment_;
  Limits limits_;
  Http1Client::MakeEvents make_events_;
  std::vector<std::unique_ptr<IoEvent>> accepting_;
  Timer resume_;
  std::unordered_map<Http1Client*, std::unique_ptr<Http1Client>> connections_;
};

// One event loop with everything that belongs to it; runs on a thread of its own.
class Worker {
 public:
  // `listening` for everything, `for_checks` for what other proxies ask (forward_auth.listen): borrowed, and must
  // outlive the worker.
  Worker(const ServedRealms& served, ServerState& server, const std::vector<int>& listening,
         const std::vector<int>& for_checks);
  ~Worker();
  void run() { context_.loop.run(); }
  // From any thread.
  void drain();  // closes what is idle and counts what is busy; to be called again until nothing is
  [[nodiscard]] std::int64_t busy_connections() const { return busy_connections_.load(); }  // as of the last drain()
  void stop();

 private:
  WorkerContext context_;
  [[nodiscard]] Http1Client::Environment environment();
  Acceptor acceptor_;
  Acceptor check_acceptor_;
  std::atomic<std::int64_t> busy_connections_{0};
};

}  // namespace lp
