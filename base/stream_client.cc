#include "base/stream_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace lp {
namespace {

// So that a flood of one connection does not starve the rest of the loop.
constexpr int kReadsPerTurn = 16;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

std::string error_text(int error_number) {
  std::array<char, 128> buffer{};
  return ::strerror_r(error_number, buffer.data(), buffer.size());
}

// No Nagle (a command waits for its reply); probes find a peer that went without a word within about a minute.
void tune(int fd) {
  const int on = 1, idle_s = 30, interval_s = 10, probes = 3;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

}  // namespace

StreamClient::StreamClient(EventLoop& loop, const SocketAddress& address, std::optional<Tls> tls, Callbacks callbacks)
    : loop_(loop), callbacks_(std::move(callbacks)) {
  if (tls) tls_ = std::make_unique<TlsClient>(std::move(tls->context), tls->host);
  connect(address);
}

StreamClient::~StreamClient() {
  close();
  readable_.reset();
  writable_.reset();
}

void StreamClient::connect(const SocketAddress& address) {
  const int family = address.storage.ss_family;
  fd_ = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto* const raw = reinterpret_cast<const sockaddr*>(&address.storage);
  if (fd_ < 0 || (::connect(fd_, raw, address.length) != 0 && errno != EINPROGRESS)) {
    refused_.emplace(loop_, [this, reason = error_text(errno)] { fail_with(reason); });
    refused_->start_ms(0);
    return;
  }
  if (family != AF_UNIX) tune(fd_);
  readable_.emplace(loop_, fd_, kReadable, [this] { on_readable(); });
  writable_.emplace(loop_, fd_, kWritable, [this] { on_writable(); });
  writable_->enable();
}

void StreamClient::on_writable() {
  if (connected_) return write();
  int error_number = 0;
  socklen_t size = sizeof error_number;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error_number, &size);
  if (error_number != 0) return fail_with(error_text(error_number));
  on_connected();
}

void StreamClient::on_connected() {
  connected_ = true;
  writable_->disable();
  readable_->enable();
  if (tls_) return take({});
  open_ = true;
  callbacks_.on_open();
}

void StreamClient::on_readable() {
  std::array<char, 16 * 1024> part;
  for (int reads = 0; reads < kReadsPerTurn && fd_ >= 0; ++reads) {
    const ssize_t got = ::recv(fd_, part.data(), part.size(), 0);
    if (got > 0) {
      take({part.data(), static_cast<std::size_t>(got)});
    } else if (got == 0) {
      return fail_with("it closed the connection");
    } else if (errno != EINTR) {
      return would_block() ? void() : fail_with(error_text(errno));
    }
  }
}

void StreamClient::take(std::string_view bytes) {
  if (!tls_) return callbacks_.on_bytes(bytes);
  std::string plain;
  const auto received = tls_->receive(bytes, plain);
  tls_->take_output(unsent_);
  write();
  if (tls_->is_open() && !open_) {
    open_ = true;
    callbacks_.on_open();
  }
  if (fd_ >= 0 && !plain.empty()) callbacks_.on_bytes(plain);
  if (fd_ >= 0 && !received) fail_with(received.error().message);
}

void StreamClient::send(std::string_view bytes) {
  LP_CHECK(open_, "bytes for a connection that is not open yet");
  if (fd_ < 0) return;
  if (sent_ > unsent_.size() / 2) unsent_.erase(0, std::exchange(sent_, 0));
  if (tls_) {
    tls_->send(bytes);
    tls_->take_output(unsent_);
  } else {
    unsent_.append(bytes);
  }
  write();
}

// A failure is left to the reading side, which sees it too: nothing here may call back inside send().
void StreamClient::write() {
  while (sent_ < unsent_.size()) {
    const ssize_t put = ::send(fd_, unsent_.data() + sent_, unsent_.size() - sent_, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && would_block()) return writable_->enable();
    if (put < 0) break;
    sent_ += static_cast<std::size_t>(put);
  }
  OPENSSL_cleanse(unsent_.data(), unsent_.size());  // it may have held a password
  unsent_.clear();
  sent_ = 0;
  writable_->disable();
}

void StreamClient::close() {
  if (readable_) readable_->disable();
  if (writable_) writable_->disable();
  if (refused_) refused_->stop();
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void StreamClient::fail_with(const std::string& reason) {
  close();
  callbacks_.on_closed(reason);
}

std::optional<SocketAddress> unix_socket_address(std::string_view path) {
  SocketAddress address;
  auto* const to = reinterpret_cast<sockaddr_un*>(&address.storage);
  const bool is_path = !path.empty() && path.size() < sizeof to->sun_path && path.find('\0') == path.npos;
  if (!is_path) return std::nullopt;
  to->sun_family = AF_UNIX;
  std::memcpy(to->sun_path, path.data(), path.size());
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

}  // namespace lp
