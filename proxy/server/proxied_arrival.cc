#include "proxy/server/proxied_arrival.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "proxy/net/proxy_protocol.h"

namespace lp {

ProxiedArrival::ProxiedArrival(EventLoop& loop, DeadlineWheel& wheel, Socket socket, std::string balancer,
                               std::int64_t patience_ms, Done on_done)
    : socket_(std::move(socket)),
      balancer_(std::move(balancer)),
      on_done_(std::move(on_done)),
      readable_(loop, socket_.fd(), kReadable, [this] { on_readable(); }),
      deadline_(wheel, [this] { finish(std::nullopt); }) {
  readable_.enable();
  deadline_.set_ms(patience_ms);
}

// Looked at first, for what stands behind the header is not ours to take. While it is not complete all is the header's,
// and is taken: else the loop would wake up for it again and again.
void ProxiedArrival::on_readable() {
  std::array<char, kMostProxyHeader> bytes;
  const ssize_t seen = ::recv(socket_.fd(), bytes.data(), bytes.size() - header_.size(), MSG_PEEK);
  if (seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (seen <= 0) return finish(std::nullopt);
  const std::size_t before = header_.size();
  header_.append(bytes.data(), static_cast<std::size_t>(seen));
  const ProxyHeader header = read_proxy_header(header_);
  if (header.kind == ProxyHeader::Kind::bad) return finish(std::nullopt);
  const bool is_complete = header.kind == ProxyHeader::Kind::complete;
  const std::size_t taken = (is_complete ? header.bytes : header_.size()) - before;
  if (::recv(socket_.fd(), bytes.data(), taken, 0) != static_cast<ssize_t>(taken)) return finish(std::nullopt);
  if (is_complete) finish(header.client);
}

void ProxiedArrival::finish(std::optional<std::string> client) {
  readable_.disable();
  deadline_.clear();
  on_done_(*this, std::move(client));
}

}  // namespace lp
