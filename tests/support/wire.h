#pragma once
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/event.h"
#include "proxy/net/socket.h"

// The other ends of connections, scripted: what the tests of the wire talk with. Everything waits for events.
namespace lp::test {

// Turns the loop until `what` holds; ten seconds are the safety stop.
inline bool wait_until(EventLoop& loop, const std::function<bool()>& what) {
  bool late = false;
  Timer guard(loop, [&] { late = true; });
  guard.start_ms(10'000);
  while (!what() && !late) event_base_loop(loop.raw(), EVLOOP_ONCE);
  CHECK_FALSE_MESSAGE(late, "nothing happened for ten seconds");
  return !late;
}

// How often the loop wakes up within a while in which nothing should happen: a spinning event shows in thousands.
inline int turns_within_ms(EventLoop& loop, std::int64_t duration_ms) {
  bool over = false;
  Timer end(loop, [&] { over = true; });
  end.start_ms(duration_ms);
  int turns = 0;
  while (!over) {
    event_base_loop(loop.raw(), EVLOOP_ONCE);
    ++turns;
  }
  return turns;
}
constexpr int kFewTurns = 50;

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline Socket listening_socket(std::uint16_t& port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  REQUIRE(::bind(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(socket.fd(), 64) == 0);
  socklen_t length = sizeof address;
  ::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &length);
  port = ntohs(address.sin_port);
  return socket;
}

inline Socket connected_socket(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  const int rc = ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  REQUIRE((rc == 0 || errno == EINPROGRESS));
  set_no_delay(socket.fd());
  return socket;
}

// One end of a connection: keeps what it receives, sends what it is told.
class Peer {
 public:
  Peer(EventLoop& loop, Socket socket)
      : socket_(std::move(socket)),
        readable_(loop, socket_.fd(), kReadable, [this] { read(); }),
        writable_(loop, socket_.fd(), kWritable, [this] { write(); }) {
    readable_.enable();
  }

  std::string received;
  bool ended = false;  // the other side closed, in whatever way
  bool was_reset = false;

  void send(std::string_view bytes) {
    unsent_.append(bytes);
    write();
  }
  [[nodiscard]] bool all_sent() const { return unsent_.empty(); }
  void end_sending() { ::shutdown(socket_.fd(), SHUT_WR); }
  void stop_reading() { readable_.disable(); }
  void go_on_reading() { readable_.enable(); }
  void close() {
    readable_.disable();
    writable_.disable();
    socket_.close();
  }
  void reset() {
    readable_.disable();
    writable_.disable();
    socket_.reset_connection();
  }
  [[nodiscard]] bool has(std::string_view text) const { return received.find(text) != std::string::npos; }
  [[nodiscard]] std::size_t count(std::string_view text) const {
    std::size_t found = 0;
    for (std::size_t at = received.find(text); at != std::string::npos; at = received.find(text, at + text.size()))
      ++found;
    return found;
  }

 private:
  void read() {
    char bytes[64 * 1024];
    const ssize_t n = ::recv(socket_.fd(), bytes, sizeof bytes, 0);
    if (n > 0) {
      received.append(bytes, static_cast<std::size_t>(n));
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      was_reset = n < 0;
      ended = true;
      readable_.disable();
    }
  }
  void write() {
    while (!unsent_.empty()) {
      const ssize_t n = ::send(socket_.fd(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN) return writable_.enable();
      if (n < 0) {
        unsent_.clear();
      } else {
        unsent_.erase(0, static_cast<std::size_t>(n));
      }
    }
    writable_.disable();
  }

  Socket socket_;
  std::string unsent_;
  IoEvent readable_;
  IoEvent writable_;
};

// A listening app: each accepted connection is a Peer; `on_accept` may script it.
class App {
 public:
  explicit App(EventLoop& loop) : loop_(loop), listening_(listening_socket(port_)) { listen(); }
  App(EventLoop& loop, Socket listening, std::uint16_t port)
      : loop_(loop), port_(port), listening_(std::move(listening)) {
    listen();
  }
  std::vector<std::unique_ptr<Peer>> connections;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Peer& last() { return *connections.back(); }
  void stop_listening() {
    accepting_.reset();
    listening_.close();
  }

 private:
  void listen() {
    accepting_ = std::make_unique<IoEvent>(loop_, listening_.fd(), kReadable, [this] {
      Socket socket(::accept4(listening_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!socket.is_open()) return;
      set_no_delay(socket.fd());
      connections.push_back(std::make_unique<Peer>(loop_, std::move(socket)));
    });
    accepting_->enable();
  }
  EventLoop& loop_;
  std::uint16_t port_ = 0;
  Socket listening_;
  std::unique_ptr<IoEvent> accepting_;
};

// Two connected TCP sockets (a reset is a reset only there). `buffer_bytes` makes the kernel's buffers small.
struct TcpPair {
  Socket ours, theirs;
  explicit TcpPair(int buffer_bytes = 0) {
    std::uint16_t port = 0;
    Socket listening = listening_socket(port);
    if (buffer_bytes > 0) ::setsockopt(listening.fd(), SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    theirs = Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (buffer_bytes > 0) ::setsockopt(theirs.fd(), SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    const sockaddr_in address = loopback(port);
    REQUIRE(::connect(theirs.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ours = Socket(::accept4(listening.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!ours.is_open()) {
      listening.close();
      FAIL("no connection to accept");
    }
    if (buffer_bytes > 0) ::setsockopt(ours.fd(), SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
    evutil_make_socket_nonblocking(theirs.fd());
    set_no_delay(theirs.fd());
    set_no_delay(ours.fd());
  }
};

}  // namespace lp::test
