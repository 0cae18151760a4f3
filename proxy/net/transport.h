#pragma once
#include <functional>
#include <memory>
#include <utility>

#include "base/event.h"
#include "proxy/net/socket.h"
#include "proxy/net/tls_session.h"

namespace lp {

// What carries a connection's bytes: its socket, and TLS where that is spoken. A branch, and no virtual call: without
// TLS it costs one comparison.
class Transport {
 public:
  Transport() = default;
  Transport(Socket socket, std::unique_ptr<TlsSession> tls = nullptr)  // NOLINT: a socket is a transport
      : socket_(std::move(socket)), tls_(std::move(tls)) {}

  [[nodiscard]] int fd() const { return socket_.fd(); }
  [[nodiscard]] TlsSession* tls() const { return tls_.get(); }
  // `most`: without TLS, whose records are as large as they are.
  [[nodiscard]] ReceiveResult receive(Buffer& into, std::size_t most = SIZE_MAX) {
    return tls_ == nullptr ? receive_into(fd(), into, most) : tls_->receive(fd(), into);
  }
  // What comes is of no interest any more, sealed or not.
  [[nodiscard]] ReceiveResult receive_and_drop() {
    if (tls_ != nullptr) tls_->drop_input();
    return lp::receive_and_drop(fd());
  }
  // Of bytes that are here already no event will tell.
  [[nodiscard]] bool has_pending() const { return tls_ != nullptr && tls_->has_pending(); }
  [[nodiscard]] bool has_unread_input() const { return has_pending() || lp::has_unread_input(fd()); }
  // Of the input's end: without TLS there is no telling.
  [[nodiscard]] bool is_cut() const { return tls_ != nullptr && tls_->is_cut(); }
  void put_tls(std::unique_ptr<TlsSession> tls) { tls_ = std::move(tls); }
  void drop_tls() { tls_.reset(); }  // whoever writes is attached anew

  void close() { socket_.close(); }
  void reset_connection() { socket_.reset_connection(); }

 private:
  Socket socket_;
  std::unique_ptr<TlsSession> tls_;
};

// `on_readable` runs while this is enabled and there is something to receive: in the kernel, or in the transport, which
// may have read more than there was room for. Loop and transport outlive it, and its owner is deleted at the end of a
// turn.
class InputEvent {
 public:
  InputEvent(EventLoop& loop, const Transport& transport, std::function<void()> on_readable);

  void enable() {
    event_.enable();
    if (beyond_) look_beyond();
  }
  void disable() { event_.disable(); }
  [[nodiscard]] bool enabled() const { return event_.enabled(); }
  [[nodiscard]] bool is_due() const { return event_.is_due() || (beyond_ && beyond_->transport.has_pending()); }

 private:
  struct Beyond {  // with TLS only
    const Transport& transport;
    std::function<void()> on_readable;
    EventLoop& loop;
    std::unique_ptr<Timer> again{};  // made when first needed, which for most is never
  };
  void run();
  void look_beyond();

  std::unique_ptr<Beyond> beyond_;
  IoEvent event_;
};

}  // namespace lp
