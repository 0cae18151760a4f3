#include "tests/support/wire.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <event2/util.h>
#include <unistd.h>

#include <cerrno>

namespace lp::test {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Socket listening_socket(std::uint16_t& port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  REQUIRE(::bind(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(socket.fd(), 64) == 0);
  socklen_t length = sizeof address;
  ::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &length);
  port = ntohs(address.sin_port);
  return socket;
}

Socket connected_socket(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  const int rc = ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  REQUIRE((rc == 0 || errno == EINPROGRESS));
  set_no_delay(socket.fd());
  return socket;
}

Peer::Peer(EventLoop& loop, Socket socket)
    : socket_(std::move(socket)),
      readable_(loop, socket_.fd(), kReadable, [this] { read(); }),
      writable_(loop, socket_.fd(), kWritable, [this] { write(); }) {
  readable_.enable();
}

void Peer::send(std::string_view bytes) {
  unsent_.append(bytes);
  write();
}

void Peer::close() {
  readable_.disable();
  writable_.disable();
  socket_.close();
}

void Peer::reset() {
  readable_.disable();
  writable_.disable();
  socket_.reset_connection();
}

std::size_t Peer::count(std::string_view text) const {
  std::size_t found = 0;
  for (std::size_t at = received.find(text); at != std::string::npos; at = received.find(text, at + text.size()))
    ++found;
  return found;
}

void Peer::read() {
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

void Peer::write() {
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

App::App(EventLoop& loop, Socket listening, std::uint16_t port)
    : loop_(loop), port_(port), listening_(std::move(listening)) {
  listen();
}

void App::stop_listening() {
  accepting_.reset();
  listening_.close();
}

void App::listen() {
  accepting_ = std::make_unique<IoEvent>(loop_, listening_.fd(), kReadable, [this] {
    Socket socket(::accept4(listening_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.is_open()) return;
    set_no_delay(socket.fd());
    connections.push_back(std::make_unique<Peer>(loop_, std::move(socket)));
  });
  accepting_->enable();
}

TcpPair::TcpPair(int buffer_bytes) {
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

}  // namespace lp::test
