#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/http/messages.h"
#include "proxy/http1/head_limits.h"

// Requests of HTTP/2 as ParsedRequest. What HTTP/2 can say otherwise than HTTP/1 is checked here (RFC 9113 8); then the
// request is written as HTTP/1.1 would say it and read by that codec, so that one set of rules judges both wires. Pure.
namespace lp {

// Heads come one at a time on a connection, so that one of these serves all its requests.
class Http2RequestHead {
 public:
  explicit Http2RequestHead(const HeadLimits& limits) : limits_(limits) {}
  void start_over();  // with the next one
  void release();     // its memory, while none is coming

  // One field, in the order in which they came. What is too much is not kept.
  void add(std::string_view name, std::string_view value);

  struct Ending {
    bool ends_stream = false;        // no body follows
    std::string_view websocket_key;  // of ours, towards the app, where a WebSocket is asked for (RFC 8441)
  };
  // Behind the last field. Views in `out` look into take_text(), and stay valid as long as that is kept.
  [[nodiscard]] std::optional<ParseError> finish(const Ending& ending, ParsedRequest& out);
  // CONNECT with :protocol (RFC 8441): what follows on the stream is no body. As of finish().
  [[nodiscard]] bool asks_for_tunnel() const { return !protocol_.empty(); }
  [[nodiscard]] std::string take_text() { return std::move(text_); }
  [[nodiscard]] std::size_t memory() const;

 private:
  [[nodiscard]] const char* note_pseudo(std::string_view name, std::string_view value);
  [[nodiscard]] const char* note_field(std::string_view name, std::string_view value);
  [[nodiscard]] const char* note_host(std::string_view value);
  void note_cookie(std::string_view value);
  [[nodiscard]] std::size_t kept_bytes() const;
  [[nodiscard]] std::optional<ParseError> check() const;
  void write_text(const Ending& ending);

  HeadLimits limits_;
  std::string method_, path_, scheme_, authority_, host_, protocol_;
  std::string lines_;    // of all other fields
  std::string cookies_;  // crumbs are one (RFC 9113 8.2.3)
  std::string text_;
  std::string good_host_;  // see ParsedRequest: most requests of a connection name one
  const char* broken_rule_ = nullptr;
  unsigned seen_ = 0;  // a bit for each pseudo-header field
  bool has_fields_ = false;
  bool has_host_ = false;
  bool has_cookies_ = false;
  bool has_length_ = false;
  bool is_too_large_ = false;
};

// Fields behind a body (RFC 9113 8.1).
class Http2Trailers {
 public:
  explicit Http2Trailers(const HeadLimits& limits) : limits_(limits) {}
  // Behind a bad one the others are not looked at.
  void add(std::string_view name, std::string_view value);
  [[nodiscard]] bool is_bad() const { return is_bad_; }
  // Valid as long as this.
  [[nodiscard]] Fields fields() const;
  [[nodiscard]] std::size_t memory() const { return lines_.capacity(); }

 private:
  HeadLimits limits_;
  std::string lines_;
  std::size_t count_ = 0;
  bool is_bad_ = false;
};

}  // namespace lp
