#include "cli/ask_app.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/errno_words.h"
#include "config/value.h"
#include "proxy/net/socket.h"

namespace lp {
namespace {

constexpr std::int64_t kLongestMs = 5'000;

bool is_ready(int fd, short events, std::int64_t timeout_ms) {
  pollfd waited{fd, events, 0};
  return ::poll(&waited, 1, static_cast<int>(timeout_ms)) == 1;
}

// "": connected.
std::string connect_to(const Socket& socket, const sockaddr* address, socklen_t length, std::int64_t timeout_ms) {
  if (::connect(socket.fd(), address, length) == 0) return "";
  if (errno != EINPROGRESS && errno != EAGAIN) return errno_words(errno);
  if (!is_ready(socket.fd(), POLLOUT, timeout_ms))
    return "no answer within " + format_duration(timeout_ms) + " (connect_timeout)";
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? "" : errno_words(error);
}

Socket new_socket(int family) { return Socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

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

std::string exchange_head(const Socket& socket, const std::string& host, std::int64_t timeout_ms) {
  const std::string request = "HEAD / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
  if (::send(socket.fd(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
  std::string answer(512, '\0');
  if (!is_ready(socket.fd(), POLLIN, timeout_ms)) return {};
  const ssize_t got = ::recv(socket.fd(), answer.data(), answer.size(), 0);
  answer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return answer;
}

// An alert of TLS, or a server's words for who speaks HTTP to its port for HTTPS.
bool is_of_tls(std::string_view answer) {
  return answer.starts_with("\x15\x03") || answer.find("HTTPS port") != std::string_view::npos ||
         answer.find("HTTP request to an HTTPS server") != std::string_view::npos;
}

}  // namespace

OnlineFinding ask_app(const UpstreamSettings& upstream) {
  const std::string url = format_upstream_url(upstream);
  const std::string name = "upstreams." + upstream.name + " (" + url + "): ";
  const std::int64_t timeout_ms = std::min(upstream.connect_timeout_ms, kLongestMs);
  const bool is_unix = upstream.kind == UpstreamSettings::Kind::unix_socket;
  const auto socket =
      is_unix ? connect_unix(upstream.socket_path, timeout_ms) : connect_tcp(upstream.host, upstream.port, timeout_ms);
  if (!socket)
    return {OnlineFinding::Kind::failure, name + socket.error().message + ": does the app run, and listen there?"};
  const std::string host = is_unix ? "localhost" : url.substr(url.find("://") + 3);
  const std::string answer = exchange_head(*socket, host, timeout_ms);
  if (is_of_tls(answer))
    return {OnlineFinding::Kind::failure, name + "the app speaks TLS there: name a port where it speaks plain HTTP"};
  if (!answer.starts_with("HTTP/1."))
    return {OnlineFinding::Kind::warning, name + "connected, but no HTTP came" +
                                              (answer.empty() ? "" : " (something else)") +
                                              ": is this the app's HTTP port?"};
  return {OnlineFinding::Kind::ok, name + "answers HEAD / with " + answer.substr(9, 3)};
}

}  // namespace lp
