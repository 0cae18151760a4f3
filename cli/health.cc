#include "cli/health.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <string_view>

#include "cli/doctor/connect.h"
#include "cli/exit_status.h"
#include "config/file/load.h"
#include "config/value.h"

namespace lp {

namespace {
constexpr std::int64_t kTimeoutMs = 3'000;

int unhealthy(const std::string& why) {
  std::fprintf(stderr, "not ready: %s\n", why.c_str());
  return kExitFailed;
}

// An admin listener on all addresses is asked on loopback.
std::string reachable(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

auto connect_to(const ListenSettings& admin) {
  const bool is_unix = admin.kind == ListenSettings::Kind::unix_socket;
  return is_unix ? connect_unix(admin.path, kTimeoutMs) : connect_tcp(reachable(admin.host), admin.port, kTimeoutMs);
}

std::string ask(int fd) {
  constexpr std::string_view kRequest = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kRequest.size())) return {};
  std::string answer;
  std::array<char, 512> bytes{};
  while (answer.size() < bytes.size() && becomes_ready(fd, POLLIN, kTimeoutMs)) {
    const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (got <= 0) break;
    answer.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return answer;
}

}  // namespace

int run_health(const std::string& config_path) {
  const auto loaded = load_config(config_path, process_environment());
  if (!loaded) return unhealthy("the configuration has problems; see logto-proxy check");
  const auto socket = connect_to(loaded->settings->admin);
  if (!socket) {
    const std::string where = "nothing answers at " + format_listen(loaded->settings->admin) + " (admin.listen)";
    return unhealthy(where + ": is it running, on this machine or in this container?");
  }
  const std::string answer = ask(socket->fd());
  if (!answer.starts_with("HTTP/1.1 200 ")) return unhealthy("the proxy says " + answer.substr(0, answer.find('\r')));
  std::printf("ready\n");
  return kExitOk;
}

}  // namespace lp
