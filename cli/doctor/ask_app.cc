#include "cli/doctor/ask_app.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/clock.h"
#include "cli/doctor/connect.h"
#include "config/value.h"
#include "proxy/net/tls_to_app.h"

namespace lp {
namespace {

constexpr std::int64_t kLongestMs = 5'000;

// In HTTP/2 the app says SETTINGS to this, and is asked nothing (RFC 9113 3.4).
std::string first_words(const UpstreamSettings& upstream, const std::string& host) {
  static constexpr std::string_view kPreface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
  if (upstream.speaks_http2()) return std::string(kPreface);
  return "HEAD / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
}

// It begins with SETTINGS or GOAWAY, neither of which has a stream.
bool is_of_http2(std::string_view answer) {
  return answer.size() >= 5 && (answer[3] == 4 || answer[3] == 7) && answer[0] == 0 && answer[4] == 0;
}

void send_output(int fd, TlsSession& session) {
  const ssize_t sent = ::send(fd, session.output().data().data(), session.output().size(), MSG_NOSIGNAL);
  if (sent > 0) session.output().consume(static_cast<std::size_t>(sent));
}

// Empty: TLS is agreed on.
std::string why_no_tls(int fd, TlsSession& session, std::int64_t timeout_ms) {
  for (;;) {
    const ReceiveResult::Kind came = session.shake_hands(fd);
    send_output(fd, session);
    if (session.is_open()) return "";
    if (came != ReceiveResult::Kind::again) return session.failure();
    if (!becomes_ready(fd, POLLIN, timeout_ms)) return "no answer within " + format_duration(timeout_ms);
  }
}

// By the same session that the proxy asks with.
Result<std::string> exchange_head_over_tls(const Socket& socket, const UpstreamSettings& upstream,
                                           const std::string& words, std::int64_t timeout_ms) {
  const auto to_app = TlsToApp::make(upstream, SystemClock().unix_s());
  if (!to_app) return to_app.error();
  BufferPool pool;
  const auto session = (*to_app)->new_session(pool);
  if (const std::string why = why_no_tls(socket.fd(), *session, timeout_ms); !why.empty()) return fail(why);
  if (upstream.speaks_http2() && session->protocol() != kHttp2Protocol)
    return fail("it does not agree to HTTP/2 in it (ALPN), which http2: true asks for");
  if (!session->seal(words)) return fail(session->failure());
  send_output(socket.fd(), *session);
  Buffer answer(pool);
  answer.make_room(BufferPool::kSmallBytes);
  while (becomes_ready(socket.fd(), POLLIN, timeout_ms)) {
    if (session->receive(socket.fd(), answer).kind != ReceiveResult::Kind::again) break;
  }
  return std::string(answer.data());
}

std::string exchange_head(const Socket& socket, const std::string& words, std::int64_t timeout_ms) {
  if (::send(socket.fd(), words.data(), words.size(), MSG_NOSIGNAL) < 0) return {};
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

DoctorFinding answer_in_http2(const std::string& name, std::string_view answer) {
  using Level = DoctorFinding::Level;
  if (is_of_http2(answer)) return {Level::ok, "upstream", name + "speaks HTTP/2"};
  if (answer.starts_with("HTTP/1."))
    return {Level::failure, "upstream", name + "the app speaks HTTP/1 there",
            "take http2 out, and write http:// in place of h2c://"};
  return {Level::warning, "upstream",
          name + "connected, but no HTTP/2 came" + (answer.empty() ? "" : " (something else)"),
          "is this the app's port for HTTP/2?"};
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
  const std::string words = first_words(upstream, host);
  const auto asked = upstream.tls.is_on ? exchange_head_over_tls(*socket, upstream, words, timeout_ms)
                                        : Result<std::string>(exchange_head(*socket, words, timeout_ms));
  if (!asked)
    return {
        Level::failure, "upstream", name + "no TLS with the app: " + asked.error().message,
        "see upstreams." + upstream.name + ".tls: ca_file names who vouches for the app, server_name whom it must be"};
  const std::string& answer = *asked;
  if (!upstream.tls.is_on && is_of_tls(answer))
    return {Level::failure, "upstream", name + "the app speaks TLS there", "write https:// in its url"};
  if (upstream.speaks_http2()) return answer_in_http2(name, answer);
  if (is_of_http2(answer))
    return {Level::failure, "upstream", name + "the app speaks HTTP/2 there", "write h2c:// in its url"};
  if (!answer.starts_with("HTTP/1."))
    return {Level::warning, "upstream",
            name + "connected, but no HTTP came" + (answer.empty() ? "" : " (something else)"),
            "is this the app's HTTP port?"};
  return {Level::ok, "upstream", name + "answers HEAD / with " + answer.substr(9, 3)};
}

}  // namespace lp
