#include "cli/doctor/connect.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

#include "base/errno_words.h"
#include "config/value.h"

namespace lp {
namespace {

// "": connected.
std::string connect_to(const Socket& socket, const sockaddr* address, socklen_t length, std::int64_t timeout_ms) {
  if (::connect(socket.fd(), address, length) == 0) return "";
  if (errno != EINPROGRESS && errno != EAGAIN) return errno_words(errno);
  if (!becomes_ready(socket.fd(), POLLOUT, timeout_ms)) return "no answer within " + format_duration(timeout_ms);
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? "" : errno_words(error);
}

Socket new_socket(int family) { return Socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

}  // namespace

bool becomes_ready(int fd, short events, std::int64_t timeout_ms) {
  pollfd waited{fd, events, 0};
  return ::poll(&waited, 1, static_cast<int>(timeout_ms)) == 1;
}

Result<Socket> connect_unix(const std::string& path, std::int64_t timeout_ms) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  Socket socket = new_socket(AF_UNIX);
  const std::string why = connect_to(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address, timeout_ms);
  if (why.empty()) return socket;
  return fail(why);
}

Result<Socket> connect_tcp(const std::string& host, std::uint16_t port, std::int64_t timeout_ms) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return fail("the name '" + host + "' has no address (" + gai_strerror(error) + ")");
  std::string why = "no address";
  Result<Socket> connected = fail("");
  for (const addrinfo* at = found; at != nullptr && !connected; at = at->ai_next) {
    Socket socket = new_socket(at->ai_family);
    why = connect_to(socket, at->ai_addr, at->ai_addrlen, timeout_ms);
    if (why.empty()) connected = std::move(socket);
  }
  ::freeaddrinfo(found);
  if (connected) return connected;
  return fail(why);
}

}  // namespace lp
