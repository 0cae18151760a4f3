#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/event.h"
#include "base/resolver.h"
#include "config/settings.h"
#include "proxy/net/buffer.h"
#include "proxy/net/connect_failure.h"
#include "proxy/net/memory_budget.h"
#include "proxy/net/socket.h"
#include "proxy/net/tls_to_app.h"
#include "proxy/net/transport.h"

namespace lp {

// What all connections of one worker to one upstream have in common. All of it outlives them.
struct UpstreamEnvironment {
  EventLoop& loop;
  DeadlineWheel& wheel;
  BufferPool& buffers;
  Resolver& resolver;
  const UpstreamSettings& settings;
  const MemoryBudget& memory;
  const TlsToApp* tls = nullptr;  // null: no TLS
};

// The way to an app: its name looked up, its addresses tried one after the other, TLS agreed on, all within
// connect_timeout. Once, for one connection; not needed when that stands.
class Connector {
 public:
  class Owner {
   public:
    // Of each exactly one, unless stop() comes first, and never inside start(). The connector may be given to
    // defer_delete there.
    virtual void connected() = 0;
    virtual void connect_failed(ConnectFailure failure,
                                const std::string& why) = 0;  // `why`: OpenSSL's words, or empty

   protected:
    ~Owner() = default;
  };

  // `transport` and `writer` are those of the connection to be, and of nobody else until it stands. What is queued in
  // the writer leaves then. All four outlive this; the writer's owner calls SocketWriter::resume() meanwhile too.
  Connector(const UpstreamEnvironment& environment, Transport& transport, SocketWriter& writer, Owner& owner);
  void start();
  void stop();

 private:
  void look_up();
  void connect_to_known(std::vector<SocketAddress> addresses);
  void connect_next();
  void on_connected();
  void shake_hands();
  void secured();
  void end_for_want_of_descriptor();
  void no_address_answers();
  void drop_attempt();
  void on_deadline();
  void fail(ConnectFailure failure, const std::string& why = {});

  const UpstreamEnvironment& environment_;
  Transport& transport_;
  SocketWriter& writer_;
  Owner& owner_;
  Deadline deadline_;
  std::unique_ptr<Resolver::Wait> lookup_;
  std::vector<SocketAddress> addresses_;
  bool lacks_descriptor_ = false;
  bool addresses_are_old_ = false;  // from the cache: worth another look-up when none answers
  std::unique_ptr<IoEvent> connecting_;
  std::optional<InputEvent> handshake_;
};

}  // namespace lp
