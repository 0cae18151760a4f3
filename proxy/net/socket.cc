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

#include "proxy/net/tls_session.h"

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
bool may_try_again() { return errno == EAGAIN || errno == EWOULDBLOCK; }

ssize_t send_one(int fd, std::string_view bytes) {
  ssize_t sent = 0;
  do {
    sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

ssize_t send_parts(int fd, std::initializer_list<std::string_view> parts) {
  std::array<iovec, 3> vector{};
  std::size_t count = 0;
  for (const std::string_view part : parts) {
    if (!part.empty()) vector[count++] = {const_cast<char*>(part.data()), part.size()};
  }
  if (count == 0) return 0;
  if (count == 1) return send_one(fd, {static_cast<const char*>(vector[0].iov_base), vector[0].iov_len});
  msghdr message{};
  message.msg_iov = vector.data();
  message.msg_iovlen = count;
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent;
}
}  // namespace

ReceiveResult receive_into(int fd, Buffer& buffer, std::size_t most) {
  const ReceiveResult result = receive(fd, buffer.write_position(), std::min(buffer.room(), most));
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
  if (tls_ != nullptr) return write_sealed(bytes, suffix);
  const ssize_t sent = send_parts(fd_, {queue_.data(), bytes, suffix});
  if (sent < 0 && !may_try_again()) return fail();
  std::size_t taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  const std::size_t from_queue = std::min(taken, queue_.size());
  queue_.consume(from_queue);
  taken -= from_queue;
  for (const std::string_view part : {bytes, suffix}) {
    const std::size_t from_part = std::min(taken, part.size());
    queue_.append(part.substr(from_part));
    taken -= from_part;
  }
  return behind_sending();
}

// write_now() where all there is stands in the queue, as mostly.
SocketWriter::State SocketWriter::write_queue() {
  if (tls_ != nullptr) return write_sealed({}, {});
  const ssize_t sent = queue_.empty() ? 0 : send_one(fd_, queue_.data());
  if (sent < 0 && !may_try_again()) return fail();
  if (sent > 0) queue_.consume(static_cast<std::size_t>(sent));
  return behind_sending();
}

SocketWriter::State SocketWriter::fail() {
  failed_ = true;
  return State::failed;
}

SocketWriter::State SocketWriter::behind_sending() {
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
  return unsent_bytes() == 0 ? State::drained : write_queue();
}

SocketWriter::State SocketWriter::resume() { return failed_ ? State::failed : write_queue(); }

void SocketWriter::wait_for_room() {
  if (!writable_) writable_.emplace(loop_, fd_, kWritable, [this] { on_writable_(); });
  writable_->enable();
}

void SocketWriter::detach() {
  if (writable_) writable_->disable();  // not destroyed: this may be its own callback
  attach(-1);
}

void SocketWriter::close() {
  if (writable_) writable_->disable();  // not destroyed: this may be its own callback
  queue_.release();
  if (tls_ != nullptr) tls_->output().release();
  failed_ = true;
}

// ---- with TLS ---------------------------------------------------------------------------------------------------

namespace {
// Sealed ahead of the kernel, beside what is plain still: one send() for several records.
constexpr std::size_t kMostSealed = 64 * 1024;
}  // namespace

// Records are full as far as there is enough, so that a chunk's size line is none of its own. What the kernel does not
// take stays plain: sealed it would be held for nothing.
SocketWriter::State SocketWriter::write_sealed(std::string_view bytes, std::string_view suffix) {
  const std::size_t begun = queue_.size() % TlsSession::kRecordBytes;
  const std::size_t fills = begun == 0 ? 0 : std::min(bytes.size(), TlsSession::kRecordBytes - begun);
  queue_.append(bytes.substr(0, fills));
  bytes.remove_prefix(fills);
  bool goes_on = is_tls_open() && (bytes.empty() || seal_queue());
  while (goes_on && bytes.size() >= TlsSession::kRecordBytes) {
    goes_on = seal(bytes.substr(0, TlsSession::kRecordBytes));
    if (goes_on) bytes.remove_prefix(TlsSession::kRecordBytes);
  }
  queue_.append(bytes);
  queue_.append(suffix);
  if (goes_on) goes_on = seal_queue();
  const bool all_sent = !failed_ && send_sealed();
  if (failed_) return State::failed;
  if (!all_sent) {
    wait_for_room();
    return State::blocked;
  }
  if (writable_) writable_->disable();
  return queue_.empty() ? State::drained : State::blocked;  // blocked: by the handshake
}

// False: nothing of it was taken.
bool SocketWriter::seal(std::string_view plain) {
  if (sealed_bytes() >= kMostSealed && !send_sealed()) return false;
  if (!tls_->seal(plain)) failed_ = true;
  return !failed_;
}

bool SocketWriter::seal_queue() {
  while (!queue_.empty()) {
    const std::string_view record = queue_.data().substr(0, TlsSession::kRecordBytes);
    if (!seal(record)) return false;
    queue_.consume(record.size());
  }
  return true;
}

// True: all of it is with the kernel.
bool SocketWriter::send_sealed() {
  Buffer& sealed = tls_->output();
  if (sealed.empty()) return true;
  const ssize_t sent = send_one(fd_, sealed.data());
  if (sent < 0 && !may_try_again()) {
    failed_ = true;
    return false;
  }
  if (sent > 0) sealed.consume(static_cast<std::size_t>(sent));
  if (sealed.empty()) sealed.release();
  return sealed.empty();
}

void SocketWriter::send_sealed_if_any() {
  if (failed_ || is_waiting() || sealed_bytes() == 0) return;
  if (!send_sealed() && !failed_) wait_for_room();
}

void SocketWriter::say_end() {
  if (tls_ == nullptr || failed_) return;
  tls_->seal_end();
  (void)send_sealed();
}

bool SocketWriter::is_tls_open() const { return tls_->is_open(); }
std::size_t SocketWriter::sealed_bytes() const { return tls_->output().size(); }

void set_no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace lp
