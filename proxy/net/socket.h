#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/event.h"
#include "proxy/net/buffer.h"

namespace lp {

// An owned descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept : fd_(other.release()) {}
  Socket& operator=(Socket&& other) noexcept;
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  void close();
  // Closes with a reset (RST): the peer must not take what it has for a complete message.
  void reset_connection();
  [[nodiscard]] int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_ = -1;
};

struct ReceiveResult {
  enum class Kind { data, again, end, failed };
  Kind kind = Kind::failed;
  std::size_t bytes = 0;
};
// One recv() into what room the buffer has.
[[nodiscard]] ReceiveResult receive_into(int fd, Buffer& buffer, std::size_t most = SIZE_MAX);
[[nodiscard]] ReceiveResult receive_and_drop(int fd);
// The kernel has bytes of the peer that nobody has read.
[[nodiscard]] bool has_unread_input(int fd);
// What was written and the peer's kernel has not taken yet.
[[nodiscard]] std::size_t untaken_bytes(int fd);

class TlsSession;

// The sending side of a connection, with TLS or without: bytes are written at once, what the kernel does not take waits
// in a queue, and only then a write event is asked for (each such request is an epoll_ctl).
class SocketWriter {
 public:
  enum class State { drained, blocked, failed };
  // `on_writable` runs when the kernel takes bytes again: the owner calls resume(). Everything must outlive the writer.
  SocketWriter(EventLoop& loop, BufferPool& pool, std::function<void()> on_writable)
      : loop_(loop), queue_(pool), on_writable_(std::move(on_writable)) {}
  // With `tls` nothing but its handshake leaves until that is over. It outlives this, or is replaced.
  void attach(int fd, TlsSession* tls = nullptr) {
    fd_ = fd;
    tls_ = tls;
  }
  // Somebody else goes on with the connection; what TLS has sealed is theirs to send.
  void detach();
  // Nothing more leaves. Of what TLS says by itself nobody else is told so.
  [[nodiscard]] bool has_failed() const { return failed_; }
  [[nodiscard]] bool may_write() const { return fd_ >= 0 && (tls_ == nullptr || is_tls_open()); }

  void queue(std::string_view bytes) { queue_.append(bytes); }
  // Queued bytes and then these, with one system call where the kernel has room; the rest is queued.
  State send(std::string_view bytes, std::string_view suffix = {});
  State flush();   // while the kernel is full this asks nothing: on_writable will come
  State resume();  // in on_writable
  // What TLS has to say by itself: its handshake, tickets, new keys. To be called behind whatever it received.
  void send_own_of_tls() {
    if (tls_ != nullptr) send_sealed_if_any();
  }
  // Behind all that was sent: that no more comes. Best effort, and nothing without TLS, where the socket's end says it.
  void say_end();
  [[nodiscard]] std::size_t unsent_bytes() const { return queue_.size() + (tls_ == nullptr ? 0 : sealed_bytes()); }
  // What they cost.
  [[nodiscard]] std::size_t held_bytes() const { return queue_.capacity() + (tls_ == nullptr ? 0 : sealed_bytes()); }
  void trim() { queue_.trim(); }
  void give_back_idle_memory() {
    if (queue_.empty()) queue_.release();
  }
  void close();

 private:
  State write_now(std::string_view bytes, std::string_view suffix);
  State write_queue();
  State behind_sending();
  State fail();
  State write_sealed(std::string_view bytes, std::string_view suffix);
  [[nodiscard]] bool seal(std::string_view plain);
  [[nodiscard]] bool seal_queue();
  [[nodiscard]] bool send_sealed();
  void send_sealed_if_any();
  [[nodiscard]] bool is_tls_open() const;
  [[nodiscard]] std::size_t sealed_bytes() const;
  void wait_for_room();
  [[nodiscard]] bool is_waiting() const { return writable_ && writable_->enabled(); }

  EventLoop& loop_;
  Buffer queue_;  // plain text
  int fd_ = -1;
  TlsSession* tls_ = nullptr;
  bool failed_ = false;
  std::function<void()> on_writable_;
  std::optional<IoEvent> writable_;
};

void set_no_delay(int fd);

}  // namespace lp
