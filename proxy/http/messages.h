#pragma once
#include <cstdint>
#include <optional>
#include <string>
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

// What an app's answer breaks of HTTP/1.1 and still says in one way only, so that it is taken as it is meant. Nothing
// is believed of the connection any more: it is closed behind that answer.
enum class Repair : std::uint8_t {
  equal_lengths,       // Content-Length more than once, with one value (RFC 9110 8.6)
  blank_before_colon,  // RFC 9112 5.1 tells proxies to remove it
  bare_lf,             // RFC 9112 2.2
  identity_coding,     // Transfer-Encoding: identity, which HTTP/1.1 has not had since RFC 7230
  chunked_in_1_0,
  blank_in_chunk_size,
};
class Repairs {
 public:
  void add(Repair one) { bits_ = static_cast<std::uint8_t>(bits_ | (1U << static_cast<unsigned>(one))); }
  void add(Repairs others) { bits_ = static_cast<std::uint8_t>(bits_ | others.bits_); }
  [[nodiscard]] bool has(Repair one) const { return (bits_ >> static_cast<unsigned>(one) & 1U) != 0; }
  [[nodiscard]] bool any() const { return bits_ != 0; }
  [[nodiscard]] std::uint8_t bits() const { return bits_; }

 private:
  std::uint8_t bits_ = 0;
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
  bool is_http2 = false;  // it reads as one of HTTP/1.1 all the same
  bool keep_alive = true;
  bool may_name_fields = true;      // by Connection (RFC 9110 7.6.1); false: it surely does not
  bool expect_continue = false;     // HTTP/1.1 and a body to wait for
  bool wants_websocket = false;     // a handshake that is well formed
  std::string_view upgrade;         // what is asked for, as sent; empty: nothing, or more than one protocol
  std::string_view authority;       // Host, or the absolute-form's authority when that is used
  std::string_view path_and_query;  // the target's path and query as sent (absolute-form cut off)
  std::string good_host;  // a Host that was parsed before in this place, on this connection: the same is as good
  void clear();
};

// The body of an answer that may go on for hours, with little to say.
[[nodiscard]] bool says_event_stream(const Fields& fields);
[[nodiscard]] inline bool is_event_stream(const BodyFraming& body, const Fields& fields) {
  const bool has_no_length = body.kind == BodyFraming::Kind::chunked || body.kind == BodyFraming::Kind::until_close;
  return has_no_length && says_event_stream(fields);
}

struct ParsedResponse {
  ResponseHead head;
  BodyFraming body;  // already regards HEAD, 1xx, 204, 304
  bool keep_alive = true;
  bool may_name_fields = true;         // as of a request
  Repairs repairs;                     // where there are any, keep_alive is false
  std::optional<std::int64_t> idle_s;  // for how long the app keeps the connection: Keep-Alive: timeout=
  void clear();
};

}  // namespace lp
