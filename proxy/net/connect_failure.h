#pragma once
#include <cstdint>

namespace lp {

// Why there is no connection to an app.
enum class ConnectFailure : std::uint8_t {
  unresolvable,
  refused,
  timeout,
  no_descriptors,  // none is left for connections to apps
  untrusted,       // its certificate is not accepted
  handshake,       // TLS was not agreed on
  no_http2,        // nor HTTP/2 in it, which the upstream is to speak
};

}  // namespace lp
