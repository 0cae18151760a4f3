#pragma once
#include <cstdint>
#include <string_view>

#include "base/http_message.h"

// Messages as the exchange sees them, whatever wire format they came in. Views are into the bytes received.
namespace lp {

struct ParseError {
  // What a client is told: 400, 405 (TRACE, CONNECT), 414, 417 (unknown Expect), 431, 501 (method too long), 503
  // (no memory for its head), 505. Of a response always 502.
  int status = 400;
  const char* rule = "";  // static text for the log: "two Content-Length fields"
};

// How the body that follows a head is framed (RFC 9112 6.3). "Content-Length: 0" is `length` with 0: there is no body,
// but the field was there and is sent on.
struct BodyFraming {
  enum class Kind { none, length, chunked, until_close };
  Kind kind = Kind::none;
  std::uint64_t length = 0;
};

struct ParsedRequest {
  RequestHead head;
  BodyFraming body;
  bool keep_alive = true;
  bool expect_continue = false;     // HTTP/1.1 and a body to wait for
  bool wants_upgrade = false;       // a WebSocket handshake; any other Upgrade is dropped, never tunnelled
  std::string_view upgrade;         // its value as sent: "websocket" in any case
  std::string_view authority;       // Host, or the absolute-form's authority when that is used
  std::string_view path_and_query;  // the target's path and query as sent (absolute-form cut off)
  void clear();
};

struct ParsedResponse {
  ResponseHead head;
  BodyFraming body;  // already regards HEAD, 1xx, 204, 304
  bool keep_alive = true;
  void clear();
};

}  // namespace lp
