#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/event.h"
#include "proxy/net/socket.h"
#include "tests/support/turn_loop.h"

// The other ends of connections, scripted: what the tests of the wire talk with. Everything waits for events.
namespace lp::test {

sockaddr_in loopback(std::uint16_t port);

Socket listening_socket(std::uint16_t& port);

Socket connected_socket(std::uint16_t port);

// One end of a connection: keeps what it receives, sends what it is told.
class Peer {
 public:
  Peer(EventLoop& loop, Socket socket);

  std::string received;
  bool ended = false;  // the other side closed, in whatever way
  bool was_reset = false;

  void send(std::string_view bytes);
  [[nodiscard]] bool all_sent() const { return unsent_.empty(); }
  void end_sending() { ::shutdown(socket_.fd(), SHUT_WR); }
  void stop_reading() { readable_.disable(); }
  void go_on_reading() { readable_.enable(); }
  void read_once() { read(); }  // what is here of it, at most 64 KiB
  void close();
  void reset();
  [[nodiscard]] bool has(std::string_view text) const { return received.find(text) != std::string::npos; }
  [[nodiscard]] std::size_t count(std::string_view text) const;

 private:
  void read();
  void write();

  Socket socket_;
  std::string unsent_;
  IoEvent readable_;
  IoEvent writable_;
};

// A listening app: each accepted connection is a Peer; `on_accept` may script it.
class App {
 public:
  explicit App(EventLoop& loop) : loop_(loop), listening_(listening_socket(port_)) { listen(); }
  App(EventLoop& loop, Socket listening, std::uint16_t port);
  std::vector<std::unique_ptr<Peer>> connections;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Peer& last() { return *connections.back(); }
  void stop_listening();

 private:
  void listen();
  EventLoop& loop_;
  std::uint16_t port_ = 0;
  Socket listening_;
  std::unique_ptr<IoEvent> accepting_;
};

// Two connected TCP sockets (a reset is a reset only there). `buffer_bytes` makes the kernel's buffers small.
struct TcpPair {
  Socket ours, theirs;
  explicit TcpPair(int buffer_bytes = 0);
};

}  // namespace lp::test
