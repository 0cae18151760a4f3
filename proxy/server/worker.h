#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "proxy/exchange/exchange_pool.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http1/request_under_way.h"
#include "proxy/net/free_list.h"
#include "proxy/server/acceptor.h"
#include "proxy/server/certificates.h"
#include "proxy/server/connection_shares.h"

namespace lp {

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
  [[nodiscard]] ClientEnvironment environment();
  void use_tls(const TlsMaterial& tls);
  ExchangePool exchanges_;
  ExchangePool checks_;
  FreshEvents https_doors_;
  FreeList<RequestUnderWay> requests_;
  Acceptor acceptor_;
  Acceptor check_acceptor_;
  Acceptor https_door_;  // of listeners with redirect_to_https
  std::array<Acceptor*, 3> acceptors_{&acceptor_, &check_acceptor_, &https_door_};
  std::atomic<std::int64_t> busy_connections_{1};
};

}  // namespace lp
