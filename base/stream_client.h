#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/event.h"
#include "base/resolver.h"
#include "base/tls_client.h"

namespace lp {

// One outgoing connection of bytes, over TCP or a unix socket, plain or in TLS. One loop, which must outlive it. No
// callback runs inside the constructor or send(). Within a callback close() is allowed and destruction is not: defer
// it.
class StreamClient {
 public:
  struct Callbacks {
    std::function<void()> on_open;  // connected, and the peer verified where TLS is asked for
    std::function<void(std::string_view bytes)> on_bytes;
    std::function<void(const std::string& reason)> on_closed;  // by the peer or a failure; the last callback
  };
  struct Tls {
    std::shared_ptr<const TlsContext> context;
    std::string host;  // whom the certificate must name
  };
  StreamClient(EventLoop& loop, const SocketAddress& address, std::optional<Tls> tls, Callbacks callbacks);
  ~StreamClient();
  StreamClient(const StreamClient&) = delete;
  StreamClient& operator=(const StreamClient&) = delete;

  // After on_open. What the kernel does not take now goes when it can; unsent_bytes() is for the caller to bound.
  void send(std::string_view bytes);
  [[nodiscard]] std::size_t unsent_bytes() const { return unsent_.size() - sent_; }
  void close();                                                    // no callback any more
  [[nodiscard]] bool was_connected() const { return connected_; }  // somebody was there, whatever came then

 private:
  void connect(const SocketAddress& address);
  void on_writable();
  void on_connected();
  void on_readable();
  void take(std::string_view bytes);
  void write();
  void fail_with(const std::string& reason);

  EventLoop& loop_;
  Callbacks callbacks_;
  std::unique_ptr<TlsClient> tls_;  // null: plain
  int fd_ = -1;
  bool connected_ = false;  // the socket; open_: and TLS
  bool open_ = false;
  std::string unsent_;
  std::size_t sent_ = 0;  // of unsent_
  std::optional<IoEvent> readable_, writable_;
  std::optional<Timer> refused_;  // tells later what connect() said at once
};

// nullopt: longer than the kernel's 107 bytes, empty, or with a NUL.
[[nodiscard]] std::optional<SocketAddress> unix_socket_address(std::string_view path);

}  // namespace lp
