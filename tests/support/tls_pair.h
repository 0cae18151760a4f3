#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/certificate.h"
#include "base/event.h"
#include "proxy/net/tls_acceptor.h"
#include "proxy/net/tls_to_app.h"
#include "proxy/net/transport.h"
#include "tests/support/test_certificates.h"
#include "tests/support/wire.h"

// Both ends of TLS as we speak it, over a real connection, each with its transport, writer and event.
namespace lp::test {

class TlsEnd {
 public:
  TlsEnd(EventLoop& loop, BufferPool& pool, Socket socket, std::unique_ptr<TlsSession> tls)
      : pool_(pool),
        transport_(std::move(socket), std::move(tls)),
        writer_(loop, pool, [this] { on_writable(); }),
        input_(loop, transport_, [this] { on_readable(); }) {
    writer_.attach(transport_.fd(), transport_.tls());
    input_.enable();
  }

  std::string received;
  std::size_t room = 16 * 1024;  // of each receive()
  std::optional<ReceiveResult::Kind> over;
  int reads = 0;

  void shake_hands() {
    (void)transport_.tls()->shake_hands(transport_.fd());
    writer_.send_own_of_tls();
  }
  void send(std::string_view bytes) { state = writer_.send(bytes); }
  void pause() { input_.disable(); }
  void go_on() { input_.enable(); }
  void end() {
    writer_.say_end();
    cut();
  }
  void cut() { ::shutdown(transport_.fd(), SHUT_WR); }
  [[nodiscard]] TlsSession& tls() { return *transport_.tls(); }
  [[nodiscard]] Transport& transport() { return transport_; }
  [[nodiscard]] SocketWriter& writer() { return writer_; }
  SocketWriter::State state = SocketWriter::State::drained;

 private:
  void on_readable() {
    ++reads;
    Buffer buffer(pool_);
    buffer.make_room(1);
    const std::size_t unwanted = buffer.room() - std::min(room, buffer.room());
    buffer.wrote(unwanted);
    const ReceiveResult got = transport_.receive(buffer);
    writer_.send_own_of_tls();
    if (got.kind == ReceiveResult::Kind::data) received.append(buffer.data().substr(unwanted));
    if (got.kind == ReceiveResult::Kind::end || got.kind == ReceiveResult::Kind::failed) {
      over = got.kind;
      input_.disable();
    }
  }
  void on_writable() { state = writer_.resume(); }

  BufferPool& pool_;
  Transport transport_;
  SocketWriter writer_;
  InputEvent input_;
};

struct TlsWorld {
  EventLoop loop;
  BufferPool pool;
  std::string folder;
  std::vector<Secret> secrets{Secret(std::string(32, 's'))};
  std::int64_t now_s = 0;  // 0: the real time
  UpstreamSettings app;
  std::unique_ptr<TlsEnd> server, client;

  TlsWorld();
  ~TlsWorld();
  // Certificates for these names, each of an authority of its own: "a", "b.test".
  [[nodiscard]] std::shared_ptr<const TlsAcceptor> acceptor(const std::vector<std::string>& names,
                                                            const ListenTlsSettings& settings = {});
  // A client that trusts the authority of `name`, and asks for it.
  [[nodiscard]] std::unique_ptr<TlsSession> client_for(const std::string& name);
  void connect(const TlsAcceptor& acceptor, std::unique_ptr<TlsSession> of_client, int buffer_bytes = 0);
  bool wait(const std::function<bool()>& what) { return wait_until(loop, what); }
  [[nodiscard]] std::string prefix(const std::string& name) const { return folder + "/" + name + "-"; }
};

}  // namespace lp::test
