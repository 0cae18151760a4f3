#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "proxy/net/socket.h"
#include "proxy/net/socket_file.h"

namespace lp {

// One address to accept on, with a socket for each worker: opened before the workers and never closed while serving
// (closing one of several SO_REUSEPORT sockets resets the connections that wait in its queue). A unix socket can't be
// opened several times, and if all workers waited for it each connection would wake them all: the first has it, and
// hands out who comes (proxy/server/server).
class Listener {
 public:
  [[nodiscard]] static Result<Listener> open(const ListenSettings& settings, std::size_t sockets);
  Listener(Listener&&) = default;
  Listener& operator=(Listener&&) = delete;

  // -1: another worker's.
  [[nodiscard]] int fd_for(std::size_t worker) const {
    return is_unix_ && worker > 0 ? -1 : sockets_[worker % sockets_.size()].fd();
  }
  [[nodiscard]] const std::string& address() const { return address_; }  // the real one, also for port 0

 private:
  Listener() = default;
  [[nodiscard]] static Result<Listener> open_unix(const ListenSettings& settings);
  std::vector<Socket> sockets_;
  std::string address_;
  bool is_unix_ = false;
  std::optional<SocketFile> file_;  // of a unix socket, removed at the end
};

}  // namespace lp
