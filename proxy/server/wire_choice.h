#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/event.h"
#include "proxy/net/buffer.h"
#include "proxy/net/client_connection.h"
#include "proxy/net/socket.h"
#include "proxy/net/transport.h"

namespace lp {

// A client's connection of which nobody knows yet whether it speaks HTTP/1 or HTTP/2: with TLS the handshake says so
// (ALPN), without it the first bytes, with which HTTP/2 begins and no request of HTTP/1 can (RFC 9113 3.3, 3.4).
class WireChoice final : public ClientConnection {
 public:
  struct Chosen {
    bool is_http2 = false;
    std::string early;  // what was read to find out
  };
  // `on_done` runs once, and never inside the constructor: take() is then what to go on with; nothing was chosen where
  // the client has gone, is late or does not agree on TLS. Who speaks plain HTTP where TLS is spoken gets HTTP/1, whose
  // connection knows what to say. Everything outlives this.
  using Done = std::function<void(WireChoice&, std::optional<Chosen>)>;
  WireChoice(EventLoop& loop, DeadlineWheel& wheel, BufferPool& buffers, Transport transport, std::string peer_address,
             std::int64_t patience_ms, Done on_done);

  [[nodiscard]] Transport take() { return std::move(transport_); }
  // In OpenSSL's words; empty: it did not fail, or there was none.
  [[nodiscard]] std::string failed_handshake() const;

  bool close_if_idle() override;
  [[nodiscard]] std::optional<std::int64_t> idle_ms() const override;
  [[nodiscard]] bool is_unused() const override { return true; }
  [[nodiscard]] bool is_busy() const override { return transport_.has_unread_input(); }
  [[nodiscard]] const std::string& peer_address() const override { return peer_address_; }

 private:
  void on_readable();
  void shake_hands();
  void read_first_bytes();
  void finish(std::optional<Chosen> chosen);

  Transport transport_;
  const std::string peer_address_;
  const std::int64_t patience_ms_;
  Done on_done_;
  Buffer first_bytes_;
  SocketWriter writer_;  // of the handshake
  InputEvent input_;
  Deadline deadline_;
  bool has_failed_ = false;
};

// Of a connection without TLS that begins with `bytes`: HTTP/2 or not; nothing: too few have come. Pure.
[[nodiscard]] std::optional<bool> begins_as_http2(std::string_view bytes);

}  // namespace lp
