#include "proxy/net/connector.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "proxy/net/descriptors.h"

namespace lp {
namespace {

SocketAddress address_of_path(const std::string& path) {
  SocketAddress address;
  auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
  un->sun_family = AF_UNIX;
  LP_CHECK(path.size() < sizeof un->sun_path, "the loader has checked the socket path's length");
  std::memcpy(un->sun_path, path.data(), path.size());
  address.length = sizeof(sockaddr_un);
  return address;
}

// Of a socket just opened, or of why it was not.
bool lacks_descriptor(int fd, int error) {
  if (fd >= 0) return !leaves_descriptors(fd, DescriptorUse::app);
  const bool is_want = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
  if (is_want) read_descriptor_limit();
  return is_want;
}

}  // namespace

Connector::Connector(const UpstreamEnvironment& environment, Transport& transport, SocketWriter& writer, Owner& owner)
    : environment_(environment),
      transport_(transport),
      writer_(writer),
      owner_(owner),
      deadline_(environment.wheel, [this] { on_deadline(); }) {}

void Connector::start() {
  deadline_.set_ms(environment_.settings.connect_timeout_ms);
  if (environment_.settings.kind == UpstreamSettings::Kind::unix_socket)
    return connect_to_known({address_of_path(environment_.settings.socket_path)});
  const auto* known = environment_.resolver.known(environment_.settings.host, environment_.settings.port);
  if (!known) return look_up();
  addresses_are_old_ = addresses_without_lookup(environment_.settings.host).empty();  // of a literal there is no news
  connect_to_known(*known);
}

void Connector::stop() {
  lookup_.reset();
  deadline_.clear();
  if (connecting_) connecting_->disable();
  if (handshake_) handshake_->disable();
}

void Connector::look_up() {
  addresses_are_old_ = false;
  lookup_ =
      environment_.resolver.look_up(environment_.settings.host, environment_.settings.port, [this](auto addresses) {
        lookup_.reset();
        if (!addresses) return fail(ConnectFailure::unresolvable);
        connect_to_known(std::move(*addresses));
      });
}

void Connector::connect_to_known(std::vector<SocketAddress> addresses) {
  addresses_ = std::move(addresses);
  connect_next();
}

// A refusal that comes at once is reported through the loop: start() runs inside the exchange's call.
void Connector::connect_next() {
  drop_attempt();
  while (!addresses_.empty()) {
    const SocketAddress address = addresses_.front();
    addresses_.erase(addresses_.begin());
    Socket socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (lacks_descriptor(socket.fd(), errno)) return end_for_want_of_descriptor();
    if (!socket.is_open()) continue;
    transport_ = Transport(std::move(socket));
    const int rc = ::connect(transport_.fd(), reinterpret_cast<const sockaddr*>(&address.storage), address.length);
    if (rc == 0 || errno == EINPROGRESS) {
      connecting_ =
          std::make_unique<IoEvent>(environment_.loop, transport_.fd(), kWritable, [this] { on_connected(); });
      return connecting_->enable();
    }
  }
  no_address_answers();
}

// No other address would help. Told through the loop, as everything that start() comes to.
void Connector::end_for_want_of_descriptor() {
  lacks_descriptor_ = true;
  deadline_.set_ms(0);
}

// Called from on_connected(), that is from the event itself: it may be deleted only when it has returned.
void Connector::drop_attempt() {
  if (connecting_) connecting_->disable();
  environment_.loop.defer_delete(std::move(connecting_));
  transport_.close();
}

void Connector::no_address_answers() {
  environment_.resolver.forget(environment_.settings.host);
  if (addresses_are_old_) return look_up();
  // A look-up that was fresh and still no address answers: the owner hears of it by the wheel's next tick.
  deadline_.set_ms(0);
}

void Connector::on_connected() {
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(transport_.fd(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) {
    if (!addresses_.empty() || addresses_are_old_) return connect_next();
    return fail(ConnectFailure::refused);
  }
  connecting_->disable();
  set_no_delay(transport_.fd());
  if (environment_.tls != nullptr) transport_.put_tls(environment_.tls->new_session(environment_.buffers));
  writer_.attach(transport_.fd(), transport_.tls());
  if (transport_.tls() == nullptr) return secured();
  handshake_.emplace(environment_.loop, transport_, [this] { shake_hands(); });
  handshake_->enable();  // in what is left of connect_timeout
  shake_hands();
}

// No other address is tried when this fails: who answered is who the name led to, and is not who he should be.
void Connector::shake_hands() {
  const TlsSession& tls = *transport_.tls();
  const auto came = transport_.tls()->shake_hands(transport_.fd());
  writer_.send_own_of_tls();
  if (tls.is_open()) return secured();
  if (came == ReceiveResult::Kind::again) return;
  fail(tls.is_untrusted() ? ConnectFailure::untrusted : ConnectFailure::handshake, tls.failure());
}

void Connector::secured() {
  const bool lacks_http2 = environment_.settings.speaks_http2() && transport_.tls() != nullptr &&
                           transport_.tls()->protocol() != kHttp2Protocol;
  if (lacks_http2) return fail(ConnectFailure::no_http2, "it agreed to TLS and chose no protocol (ALPN)");
  stop();
  owner_.connected();
}

void Connector::fail(ConnectFailure failure, const std::string& why) {
  stop();
  owner_.connect_failed(failure, why);
}

void Connector::on_deadline() {
  if (lacks_descriptor_) return fail(ConnectFailure::no_descriptors);
  if (lookup_) return fail(ConnectFailure::unresolvable);
  const bool goes_on = (connecting_ && connecting_->enabled()) || handshake_;
  fail(goes_on ? ConnectFailure::timeout : ConnectFailure::refused);
}

}  // namespace lp
