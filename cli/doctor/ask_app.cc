#include "cli/doctor/ask_app.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "cli/doctor/connect.h"
#include "config/value.h"

namespace lp {
namespace {

constexpr std::int64_t kLongestMs = 5'000;

std::string exchange_head(const Socket& socket, const std::string& host, std::int64_t timeout_ms) {
  const std::string request = "HEAD / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
  if (::send(socket.fd(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
  std::string answer(512, '\0');
  if (!becomes_ready(socket.fd(), POLLIN, timeout_ms)) return {};
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

DoctorFinding ask_app(const UpstreamSettings& upstream) {
  using Level = DoctorFinding::Level;
  const std::string url = format_upstream_url(upstream);
  const std::string name = "upstreams." + upstream.name + " (" + url + "): ";
  const std::int64_t timeout_ms = std::min(upstream.connect_timeout_ms, kLongestMs);
  const bool is_unix = upstream.kind == UpstreamSettings::Kind::unix_socket;
  const auto socket =
      is_unix ? connect_unix(upstream.socket_path, timeout_ms) : connect_tcp(upstream.host, upstream.port, timeout_ms);
  if (!socket)
    return {Level::failure, "upstream", name + socket.error().message, "does the app run, and listen there?"};
  const std::string host = is_unix ? "localhost" : url.substr(url.find("://") + 3);
  const std::string answer = exchange_head(*socket, host, timeout_ms);
  if (is_of_tls(answer))
    return {Level::failure, "upstream", name + "the app speaks TLS there", "name a port where it speaks plain HTTP"};
  if (!answer.starts_with("HTTP/1."))
    return {Level::warning, "upstream",
            name + "connected, but no HTTP came" + (answer.empty() ? "" : " (something else)"),
            "is this the app's HTTP port?"};
  return {Level::ok, "upstream", name + "answers HEAD / with " + answer.substr(9, 3)};
}

}  // namespace lp
