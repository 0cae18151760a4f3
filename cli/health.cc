#include "cli/health.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cstdio>
#include <optional>

#include "base/resolver.h"
#include "base/stream_client.h"
#include "cli/exit_status.h"
#include "config/file/load.h"
#include "proxy/net/socket.h"

namespace lp {

namespace {
constexpr int kTimeoutS = 3;

int unhealthy(const std::string& why) {
  std::fprintf(stderr, "not ready: %s\n", why.c_str());
  return kExitFailed;
}

// An admin listener on all addresses is asked on loopback.
std::string reachable(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

std::optional<SocketAddress> address_of(const ListenSettings& admin) {
  if (admin.kind == ListenSettings::Kind::unix_socket) return unix_socket_address(admin.path);
  auto addresses = addresses_without_lookup(reachable(admin.host));
  if (addresses.empty()) return std::nullopt;
  set_port(addresses.front(), admin.port);
  return addresses.front();
}

std::string ask(const Socket& socket) {
  constexpr std::string_view kRequest = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::send(socket.fd(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kRequest.size()))
    return {};
  std::string answer(512, '\0');
  const ssize_t got = ::recv(socket.fd(), answer.data(), answer.size(), MSG_WAITALL);
  answer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return answer;
}
}  // namespace

int run_health(const std::string& config_path) {
  const auto loaded = load_config(config_path, process_environment());
  if (!loaded) return unhealthy("the configuration has problems; see logto-proxy check");
  const auto found = address_of(loaded->settings->admin);
  if (!found) return unhealthy("admin.listen is no IP address and no unix socket");
  const Socket socket(::socket(found->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval timeout{kTimeoutS, 0};
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  const auto* address = reinterpret_cast<const sockaddr*>(&found->storage);
  if (::connect(socket.fd(), address, found->length) != 0) return unhealthy("nothing answers at the admin listener");
  const std::string answer = ask(socket);
  if (!answer.starts_with("HTTP/1.1 200 ")) return unhealthy("the proxy says " + answer.substr(0, answer.find('\r')));
  std::printf("ready\n");
  return kExitOk;
}

}  // namespace lp
