#pragma once
#include "proxy/net/connect_failure.h"

// How an app fails, whatever it speaks.
namespace lp {

enum class UpstreamError {
  unresolvable,
  refused,
  connect_timeout,
  response_timeout,
  idle_timeout,
  lost,
  nonsense,
  not_http,        // what it says first is no answer of HTTP/1
  not_http2,       // nor a beginning of HTTP/2, which it was to speak
  speaks_http2,    // instead of HTTP/1
  tls,             // it answers plain HTTP with a record of TLS
  untrusted,       // its certificate is not accepted: never tried again elsewhere
  handshake,       // TLS was not agreed on
  no_descriptors,  // none is left for connections to apps (proxy/net/descriptors.h)
  queue_full,      // max_connections are taken, and as many requests as may wait already
  queue_timeout,   // none of them became free
  slow_client,     // the client sent or read next to nothing, while others waited for one of max_connections
  refused_stream,  // it has said that it did not begin with this request: always safe to send again
  reset,           // it has ended this request's stream, and nothing else on the connection
  no_upgrade,      // there is no upgrade in HTTP/2
  no_sign_in,      // nor a connection that one client signs in (proxy/http/connection_auth.h)
};

[[nodiscard]] constexpr UpstreamError error_of(ConnectFailure failure) {
  switch (failure) {
    case ConnectFailure::unresolvable:
      return UpstreamError::unresolvable;
    case ConnectFailure::refused:
      return UpstreamError::refused;
    case ConnectFailure::timeout:
      return UpstreamError::connect_timeout;
    case ConnectFailure::untrusted:
      return UpstreamError::untrusted;
    case ConnectFailure::handshake:
      return UpstreamError::handshake;
    case ConnectFailure::no_descriptors:
      return UpstreamError::no_descriptors;
    case ConnectFailure::no_http2:
      return UpstreamError::not_http2;
  }
  return UpstreamError::refused;
}

}  // namespace lp
