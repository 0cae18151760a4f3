#include "proxy/exchange/upstream_faults.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <string>

#include "config/route_limits.h"

namespace lp {
namespace {

// 0: it did not come to waiting.
std::int64_t waited_ms(const UpstreamSettings& upstream, const RouteSettings& route, UpstreamError error) {
  switch (error) {
    case UpstreamError::connect_timeout:
      return upstream.connect_timeout_ms;
    case UpstreamError::response_timeout:
      return response_timeout_ms(upstream, route);
    case UpstreamError::idle_timeout:
      return idle_timeout_ms(upstream, route);
    case UpstreamError::queue_timeout:
      return upstream.queue_timeout_ms;
    default:
      return 0;
  }
}

std::string seconds_text(std::int64_t ms) {
  const std::string tenths = ms % 1000 == 0 ? std::string() : "." + std::to_string(ms % 1000 / 100);
  return std::to_string(ms / 1000) + tenths + " s";
}

// By Repair.
constexpr std::string_view kRepairs[] = {
    "one Content-Length several times", "a blank before a colon", "lines that end in a bare LF",
    "Transfer-Encoding: identity",      "chunks in HTTP/1.0",     "blanks behind a chunk's size",
};

// Where it was tried, as the configuration says it.
std::string address_of(const UpstreamSettings& upstream) {
  if (upstream.kind == UpstreamSettings::Kind::unix_socket) return "unix:" + upstream.socket_path;
  const bool is_ipv6 = upstream.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + upstream.host + "]" : upstream.host) + ":" + std::to_string(upstream.port);
}

// nginx, Go, Apache, Tomcat.
constexpr std::string_view kExpectsTls[] = {
    "The plain HTTP request was sent to HTTPS port", "Client sent an HTTP request to an HTTPS server",
    "speaking plain HTTP to an SSL-enabled server port", "This combination of host and port requires TLS"};
constexpr std::size_t kLookedAt = 2048;

bool is_missing(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) != 0 && errno == ENOENT;
}

// What is refused on the way to a socket in a file is not what "connection refused" makes people look for.
std::string words_for(std::string_view words, const UpstreamSettings& upstream, UpstreamError error) {
  if (error != UpstreamError::refused || upstream.kind != UpstreamSettings::Kind::unix_socket)
    return std::string(words);
  return is_missing(upstream.socket_path)
             ? "there is no such socket: the app does not run, or makes it elsewhere"
             : "connection refused: the app does not listen there, or this process may not write to the socket";
}

// Which of its keys to look at, where its certificate is not accepted.
std::string tls_words(const UpstreamPool& upstream, UpstreamError error) {
  const UpstreamSettings& settings = upstream.settings();
  const std::string key = "upstreams." + settings.name + ".tls";
  if (error == UpstreamError::not_http2) return ": " + upstream.tls_failure();
  if (error == UpstreamError::handshake)
    return ": " + upstream.tls_failure() + (settings.speaks_http2() ? " (HTTP/2 was asked for: http2: true)" : "");
  const std::string name = settings.tls.server_name.empty() ? settings.host : settings.tls.server_name;
  return ": " + upstream.tls_failure() + " (its certificate must be for " + name + ", or the name in " + key +
         ".server_name, and of an authority of " +
         (settings.tls.ca_file.empty() ? "the system's, or of those in " + key + ".ca_file" : settings.tls.ca_file) +
         ")";
}

// What was repaired, as a list; `bits` are those of Repairs.
std::string repairs_text(std::uint8_t bits) {
  std::string text;
  for (std::size_t i = 0; i < std::size(kRepairs); ++i) {
    if ((bits >> i & 1U) != 0) text.append(text.empty() ? "" : ", ").append(kRepairs[i]);
  }
  return text;
}

}  // namespace

UpstreamFault fault_of(UpstreamError error, bool nothing_came) {
  switch (error) {
    case UpstreamError::unresolvable:
      return {502, "its name has no address"};
    case UpstreamError::refused:
      return {502, "connection refused"};
    case UpstreamError::connect_timeout:
      return {504, "no connection in time"};
    case UpstreamError::response_timeout:
      return {504, "no answer in time"};
    case UpstreamError::idle_timeout:
      return {504, "silent in mid answer"};
    case UpstreamError::lost:
      return {502, nothing_came ? "closed the connection without an answer (does it expect TLS there? write https://)"
                                : "closed the connection without a complete answer"};
    case UpstreamError::nonsense:
      return {502, "its answer breaks HTTP"};
    case UpstreamError::not_http:
      return {502, "what answers there speaks no HTTP/1: is it the app's port?"};
    case UpstreamError::not_http2:
      return {502,
              "it does not speak HTTP/2 there: take http2 and h2c:// out for HTTP/1, or is it not the app's port?"};
    case UpstreamError::speaks_http2:
      return {502, "it speaks HTTP/2 there: write h2c:// in its url"};
    case UpstreamError::tls:
      return {502, "it speaks TLS there, and http:// is plain HTTP: write https:// in its url"};
    case UpstreamError::untrusted:
      return {502, "its certificate is not accepted"};
    case UpstreamError::handshake:
      return {502, "TLS was not agreed on"};
    case UpstreamError::no_descriptors:
      return {503,
              "no file descriptor is left for it: raise the limit of open files (LimitNOFILE), or lower "
              "limits.connections; told once a minute"};
    case UpstreamError::queue_full:
      return {503, "max_connections are in use, and as many requests as queue says wait for one"};
    case UpstreamError::queue_timeout:
      return {503, "max_connections are in use, and none became free within queue_timeout"};
    case UpstreamError::slow_client:
      return {408, "its client sends or reads next to nothing, and others wait for one of max_connections"};
    case UpstreamError::refused_stream:
      return {503, "refused the request without looking at it (REFUSED_STREAM, or it is about to stop)"};
    case UpstreamError::reset:
      return {502, "reset the request's stream"};
    case UpstreamError::no_upgrade:
      return {502, "it is asked in HTTP/2, which knows no upgrade: WebSockets need an upstream of HTTP/1"};
    case UpstreamError::no_sign_in:
      return {502,
              "the client signs in its connection to it (NTLM, Negotiate), and in HTTP/2 that is many clients': such "
              "apps need an upstream of HTTP/1"};
  }
  return {502, ""};
}

void tell_failed(WorkerContext& context, const ExchangeRecord& record, const RouteSettings& route, UpstreamError error,
                 std::string_view words, const char* rule) {
  const UpstreamPool& upstream = context.upstreams.of(route);
  const UpstreamSettings& settings = upstream.settings();
  const std::string address = address_of(settings);
  const std::int64_t ms = waited_ms(settings, route, error);
  const bool is_of_tls = error == UpstreamError::untrusted || error == UpstreamError::handshake ||
                         (error == UpstreamError::not_http2 && settings.tls.is_on);
  const std::string why = rule == nullptr ? std::string() : std::string(": ") + rule;
  const std::string reason = words_for(words, settings, error) + why + (ms > 0 ? ": waited " + seconds_text(ms) : "") +
                             (is_of_tls ? tls_words(upstream, error) : "");
  if (error == UpstreamError::no_descriptors &&
      !context.server.descriptors_notice.happened(context.clock.monotonic_ms()))
    return;
  if (error == UpstreamError::slow_client) {
    return context.log.info("a slow client has lost its connection to an app",
                            {{"id", std::string_view(record.id)},
                             {"client", std::string_view(record.client.address)},
                             {"upstream", std::string_view(settings.name)},
                             {"reason", reason}});
  }
  context.log.warning("upstream failed", {{"id", std::string_view(record.id)},
                                          {"upstream", std::string_view(settings.name)},
                                          {"address", address},
                                          {"reason", reason}});
}

void tell_if_expects_tls(const WorkerContext& context, const ExchangeRecord& record, const UpstreamPool& upstream,
                         std::string_view bytes) {
  bytes = bytes.substr(0, kLookedAt);
  const bool says_so = std::any_of(std::begin(kExpectsTls), std::end(kExpectsTls),
                                   [&](std::string_view text) { return bytes.find(text) != std::string_view::npos; });
  if (!says_so || upstream.shared().told_of_tls()) return;
  const std::string address = address_of(upstream.settings());
  context.log.warning(
      "an app answers 400 because it expects TLS there, and http:// is plain HTTP: write https:// in its url",
      {{"id", std::string_view(record.id)},
       {"upstream", std::string_view(upstream.settings().name)},
       {"address", address}});
}

void tell_of_repairs(const WorkerContext& context, const ExchangeRecord& record, const UpstreamPool& upstream,
                     Repairs repairs) {
  const std::uint8_t first = upstream.shared().told_first(repairs);
  if (first == 0) return;
  const std::string what = repairs_text(first);
  context.log.warning(
      "an app's answers break HTTP/1.1; they are taken as they are meant, each on a connection of its own",
      {{"id", std::string_view(record.id)}, {"upstream", std::string_view(upstream.settings().name)}, {"what", what}});
}

}  // namespace lp
