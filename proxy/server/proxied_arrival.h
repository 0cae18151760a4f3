#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/deadline.h"
#include "base/event.h"
#include "proxy/net/socket.h"

namespace lp {

// A connection of a balancer that says first who is behind it (listen[].proxy_protocol). Reads that and not a byte
// more, so that what follows, TLS too, finds its connection untouched.
class ProxiedArrival {
 public:
  // `on_done` runs once, never inside the constructor: with the client's address, empty where the balancer speaks for
  // itself, or with nothing where the header is bad or late. take() is then what to go on with. Everything outlives
  // this.
  using Done = std::function<void(ProxiedArrival&, std::optional<std::string> client)>;
  ProxiedArrival(EventLoop& loop, DeadlineWheel& wheel, Socket socket, std::string balancer, std::int64_t patience_ms,
                 Done on_done);

  [[nodiscard]] Socket take() { return std::move(socket_); }
  [[nodiscard]] const std::string& balancer() const { return balancer_; }

 private:
  void on_readable();
  void finish(std::optional<std::string> client);

  Socket socket_;
  const std::string balancer_;
  Done on_done_;
  std::string header_;
  IoEvent readable_;
  Deadline deadline_;
};

}  // namespace lp
