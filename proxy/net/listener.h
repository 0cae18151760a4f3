#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "proxy/net/socket.h"

namespace lp {

// One address to accept on, with a socket for each worker: opened before the workers and never closed while serving
// (closing one of several SO_REUSEPORT sockets resets the connections that wait in its queue). A unix socket can't be
// opened several times: all workers accept from the one.
class Listener {
 public:
  [[nodiscard]] static Result<Listener> open(const ListenSettings& settings, std::size_t sockets);
  ~Listener();
  Listener(Listener&&) = default;
  Listener& operator=(Listener&&) = default;

  [[nodiscard]] int fd_for(std::size_t worker) const { return sockets_[worker % sockets_.size()].fd(); }
  [[nodiscard]] const std::string& address() const { return address_; }  // the real one, also for port 0

 private:
  Listener() = default;
  std::vector<Socket> sockets_;
  std::string address_;
  std::string unlink_path_;  // a unix socket's file, removed at the end
};

}  // namespace lp
