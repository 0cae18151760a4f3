#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/event.h"
#include "base/resolver.h"
#include "config/settings.h"
#include "proxy/http/stream.h"
#include "proxy/http1/body_reader.h"
#include "proxy/http1/body_writer.h"
#include "proxy/http1/scan.h"
#include "proxy/net/buffer.h"
#include "proxy/net/socket.h"

namespace lp {

// One HTTP/1.1 connection to an app: connecting, then requests one after the other. An exchange holds it through a
// lease and never after it has given that back.
class Http1Upstream {
 public:
  // What all connections to one upstream have in common. All of it outlives them.
  struct Environment {
    EventLoop& loop;
    DeadlineWheel& wheel;
    BufferPool& buffers;
    Resolver& resolver;
    const UpstreamSettings& settings;
  };
  // Whose connection it is: a pool.
  class Owner {
   public:
    virtual void take_back(Http1Upstream& connection) = 0;  // idle, and good for another request
    // Closed. The owner forgets it now and deletes it at the end of the loop's turn.
    virtual void remove(Http1Upstream& connection) = 0;

   protected:
    ~Owner() = default;
  };

  // Environment and owner outlive the connection.
  Http1Upstream(const Environment& environment, Owner& owner, UpstreamEvents& events);
  ~Http1Upstream();
  void connect();
  void lease_again(UpstreamEvents& events);
  [[nodiscard]] bool looks_alive() const;  // one recv(MSG_PEEK)

  void send_head(const OutgoingRequest& request, const Fields& client_fields, const ClientHeaderRules& rules);
  void send_body(std::string_view bytes);
  void end_body();
  void flush();
  void become_tunnel();
  void set_paused(bool paused);
  void give_back();
  void discard();  // closes an idle connection
  [[nodiscard]] std::size_t unsent_bytes() const { return writer_.unsent_bytes(); }
  [[nodiscard]] bool is_reused() const { return is_reused_; }

 private:
  enum class Phase { connecting, waiting_for_head, body, answered, tunnel, idle, closed };
  void enter(Phase next);

  void connect_to_known(std::vector<SocketAddress> addresses);
  void look_up();
  void connect_next();
  void on_connected();
  void stop_connecting();
  void connect_failed();

  void on_readable();
  void on_writable();
  void on_deadline();
  void on_input_end();
  void process();
  bool process_head();
  bool process_body();
  void answer_complete();
  void end_tunnel_when_sent();
  void fail(UpstreamError error);
  void close();
  void arm_deadline();
  [[nodiscard]] bool is_reusable() const;

  const Environment& environment_;
  Owner& owner_;
  UpstreamEvents* events_;  // null while idle or closed
  Phase phase_ = Phase::connecting;
  Socket socket_;
  SocketWriter writer_;
  std::optional<IoEvent> readable_;
  std::unique_ptr<IoEvent> connecting_;
  Deadline deadline_;
  std::unique_ptr<Resolver::Wait> lookup_;
  std::vector<SocketAddress> addresses_;
  bool addresses_are_old_ = false;  // from the cache: worth another look-up when none answers

  Buffer in_;
  std::size_t read_bytes_ = BufferPool::kSmallBytes;
  HeadScanner scanner_{HeadScanner::Kind::response};
  ParsedResponse response_;
  BodyReader response_body_;
  int interim_responses_ = 0;
  std::string method_;
  BodyWriter request_body_{writer_};
  bool request_sent_ = false;  // the whole request, body included; in a tunnel: the client has ended its side
  bool is_reused_ = false;
  bool is_paused_ = false;
};

}  // namespace lp
