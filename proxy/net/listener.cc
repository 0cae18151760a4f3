#include "proxy/net/listener.h"

#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/errno_words.h"
#include "base/resolver.h"

namespace lp {

namespace {
constexpr int kBacklog = 4096;

// Of a socket's path: a file that is none would be taken for another process.
std::string why_in_use(const std::string& address) {
  struct stat about {};
  const bool is_unix = address.starts_with("unix:");
  const bool is_other = is_unix && ::lstat(address.c_str() + 5, &about) == 0 && !S_ISSOCK(about.st_mode);
  return is_other ? " (what is there is no socket: move it away, or choose another path)"
                  : " (another process serves there; stop it or choose another address)";
}

std::string error_text(const std::string& address, const char* what) {
  const int error = errno;
  const bool is_unix = address.starts_with("unix:");
  std::string text = "cannot listen on " + address + ": " + what + ": " + errno_words(error);
  if (error == EADDRINUSE) text += why_in_use(address);
  if (error == EACCES && !is_unix) text += " (ports below 1024 need CAP_NET_BIND_SERVICE)";
  if (error == ENOENT && is_unix) text += " (the folder does not exist)";
  if (error == EACCES && is_unix) text += " (this process may make no files in the folder)";
  if (error == EADDRNOTAVAIL) text += " (this machine has no such address: 0.0.0.0 or [::] stands for all that it has)";
  return text;
}

std::string address_with_port(const SocketAddress& address) {
  const bool is_v6 = address.storage.ss_family == AF_INET6;
  const auto port = is_v6 ? reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port
                          : reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port;
  const std::string host = address_text(address);
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(ntohs(port));
}

Result<Socket> bind_to(const SocketAddress& address, const std::string& name, bool shared) {
  Socket socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return fail(error_text(name, "socket"));
  const int on = 1;
  if (address.storage.ss_family != AF_UNIX) {
    ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared) ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  }
  // An IPv6 listener takes IPv6 only: the same everywhere, whatever the sysctl says.
  if (address.storage.ss_family == AF_INET6) ::setsockopt(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const auto* raw = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::bind(socket.fd(), raw, address.length) != 0) return fail(error_text(name, "bind"));
  return socket;
}

Result<Socket> bind_and_listen(const SocketAddress& address, const std::string& name, bool shared) {
  auto socket = bind_to(address, name, shared);
  if (socket && ::listen(socket->fd(), kBacklog) != 0) return fail(error_text(name, "listen"));
  return socket;
}

// Two processes on one port by SO_REUSEPORT would share the traffic in silence: a first bind without it finds out.
Result<SocketAddress> probe(const SocketAddress& wanted, const std::string& name) {
  auto socket = bind_and_listen(wanted, name, false);
  if (!socket) return socket.error();
  SocketAddress real;
  real.length = sizeof real.storage;
  ::getsockname(socket->fd(), reinterpret_cast<sockaddr*>(&real.storage), &real.length);
  return real;
}

Result<SocketAddress> unix_address(const std::string& path) {
  SocketAddress address;
  auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.size() >= sizeof un->sun_path) return fail("cannot listen on unix:" + path + ": the path is too long");
  un->sun_family = AF_UNIX;
  std::memcpy(un->sun_path, path.data(), path.size());
  address.length = sizeof(sockaddr_un);
  if (!path.starts_with('@')) return address;
  un->sun_path[0] = '\0';  // abstract: the name is as long as the address says
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  return address;
}

}  // namespace

// The file gets its owner and mode before anybody is listened to: nobody gets in by what it was before.
Result<Listener> Listener::open_unix(const ListenSettings& settings) {
  Listener listener;
  listener.is_unix_ = true;
  listener.address_ = "unix:" + settings.path;
  auto address = unix_address(settings.path);
  if (!address) return address.error();
  const auto gid = settings.group.empty() ? Result<gid_t>(kSameGroup) : group_id(settings.group);
  if (!gid) return fail("cannot listen on " + listener.address_ + ": " + gid.error().message);
  if (!settings.is_abstract()) remove_stale_socket(*address, settings.path);
  auto socket = bind_to(*address, listener.address_, false);
  if (!socket) return socket.error();
  if (!settings.is_abstract()) {
    auto file = SocketFile::take(settings.path, settings.mode, *gid);
    if (!file) return fail("cannot listen on " + listener.address_ + ": " + file.error().message);
    listener.file_.emplace(std::move(*file));
  }
  if (::listen(socket->fd(), kBacklog) != 0) return fail(error_text(listener.address_, "listen"));
  listener.sockets_.push_back(std::move(*socket));
  return listener;
}

Result<Listener> Listener::open(const ListenSettings& settings, std::size_t sockets) {
  if (settings.kind == ListenSettings::Kind::unix_socket) return open_unix(settings);
  Listener listener;
  const std::string name = settings.host + ":" + std::to_string(settings.port);
  auto literal = addresses_without_lookup(settings.host);
  if (literal.empty()) return fail("cannot listen on " + name + ": an IP address is needed");
  set_port(literal.front(), settings.port);
  const auto real = probe(literal.front(), name);
  if (!real) return real.error();
  listener.address_ = address_with_port(*real);
  for (std::size_t i = 0; i < sockets; ++i) {
    auto socket = bind_and_listen(*real, listener.address_, true);
    if (!socket) return socket.error();
    listener.sockets_.push_back(std::move(*socket));
  }
  return listener;
}

}  // namespace lp
