#include "proxy/net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <initializer_list>

namespace lp {

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = other.release();
  }
  return *this;
}

void Socket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void Socket::reset_connection() {
  if (fd_ < 0) return;
  const linger hard{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

namespace {
ReceiveResult receive(int fd, char* to, std::size_t room) {
  for (;;) {
    const ssize_t n = ::recv(fd, to, room, 0);
    if (n > 0) return {ReceiveResult::Kind::data, static_cast<std::size_t>(n)};
    if (n == 0) return {ReceiveResult::Kind::end, 0};
    if (errno == EINTR) continue;
    const bool again = errno == EAGAIN || errno == EWOULDBLOCK;
    return {again ? ReceiveResult::Kind::again : ReceiveResult::Kind::failed, 0};
  }
}
}  // namespace

namespace {
ssize_t send_parts(int fd, std::initializer_list<std::string_view> parts) {
  std::array<iovec, 3> vector{};
  std::size_t count = 0;
  for (const std::string_view part : parts) {
    if (!part.empty()) vector[count++] = {const_cast<char*>(part.data()), part.size()};
  }
  if (count == 0) return 0;
  msghdr message{};
  message.msg_iov = vector.data();
  message.msg_iovlen = count;
  ssize_t sent = 0;
  do {
    sent = count == 1 ? ::send(fd, vector[0].iov_base, vector[0].iov_len, MSG_NOSIGNAL)
                      : ::sendmsg(fd, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent;
}
}  // namespace

ReceiveResult receive_into(int fd, Buffer& buffer) {
  const ReceiveResult result = receive(fd, buffer.write_position(), buffer.room());
  if (result.kind == ReceiveResult::Kind::data) buffer.wrote(result.bytes);
  return result;
}

ReceiveResult receive_and_drop(int fd) {
  std::array<char, 16 * 1024> nowhere;
  return receive(fd, nowhere.data(), nowhere.size());
}

bool has_unread_input(int fd) {
  char byte = 0;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

std::size_t untaken_bytes(int fd) {
  int bytes = 0;
  return ::ioctl(fd, TIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

SocketWriter::State SocketWriter::send(std::string_view bytes, std::string_view suffix) {
  if (failed_) return State::failed;
  if (!is_waiting()) return write_now(bytes, suffix);
  queue_.append(bytes);
  queue_.append(suffix);
  return State::blocked;
}

SocketWriter::State SocketWriter::write_now(std::string_view bytes, std::string_view suffix) {
  const ssize_t sent = send_parts(fd_, {queue_.data(), bytes, suffix});
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
    failed_ = true;
    return State::failed;
  }
  std::size_t taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  const std::size_t from_queue = std::min(taken, queue_.size());
  queue_.consume(from_queue);
  taken -= from_queue;
  for (const std::string_view part : {bytes, suffix}) {
    const std::size_t from_part = std::min(taken, part.size());
    queue_.append(part.substr(from_part));
    taken -= from_part;
  }
  if (!queue_.empty()) {
    wait_for_room();
    return State::blocked;
  }
  if (writable_) writable_->disable();
  return State::drained;
}

SocketWriter::State SocketWriter::flush() {
  if (failed_) return State::failed;
  if (is_waiting()) return State::blocked;
  return queue_.empty() ? State::drained : write_now({}, {});
}

SocketWriter::State SocketWriter::resume() { return failed_ ? State::failed : write_now({}, {}); }

void SocketWriter::wait_for_room() {
  if (!writable_) writable_.emplace(loop_, fd_, kWritable, [this] { on_writable_(); });
  writable_->enable();
}

void SocketWriter::close() {
  if (writable_) writable_->disable();  // not destroyed: this may be its own callback
  queue_.release();
  failed_ = true;
}

void set_no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace lp
