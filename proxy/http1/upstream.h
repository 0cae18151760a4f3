#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/event.h"
#include "proxy/http/interim_answers.h"
#include "proxy/http/stream.h"
#include "proxy/http1/body_reader.h"
#include "proxy/http1/body_writer.h"
#include "proxy/http1/scan.h"
#include "proxy/net/buffer.h"
#include "proxy/net/connector.h"
#include "proxy/net/socket.h"
#include "proxy/net/transport.h"

namespace lp {

// One HTTP/1.1 connection to an app: connecting, then requests one after the other. An exchange holds it through a
// lease and never after it has given that back.
class Http1Upstream final : private Connector::Owner {
 public:
  // Whose connection it is: a pool.
  class Owner {
   public:
    virtual void take_back(Http1Upstream& connection) = 0;  // idle, and good for another request
    // A body came behind an answer that has none: the app errs.
    virtual void on_body_behind_answer() = 0;
    // Since settle() nothing has come.
    virtual void on_settled(Http1Upstream& connection) = 0;
    // Closed. The owner forgets it now and deletes it at the end of the loop's turn.
    virtual void remove(Http1Upstream& connection) = 0;
    // The app has ended it while it was idle, for so long. remove() follows.
    virtual void closed_by_app(std::int64_t idle_ms) = 0;
    // A new connection has got no answer for a second, and for each further one; then it has got one.
    virtual void waits_long() = 0;
    virtual void has_waited_long() = 0;
    virtual void answers() = 0;  // the head of an answer has come
    // TLS came to nothing. The error of the exchange follows.
    virtual void tls_failed(const std::string& why) = 0;

   protected:
    ~Owner() = default;
  };

  // Environment and owner outlive the connection.
  Http1Upstream(const UpstreamEnvironment& environment, Owner& owner, UpstreamEvents& events,
                const UpstreamClient& client);
  ~Http1Upstream();
  void connect();
  // Before connect(): it waits until the owner says so (or for nothing, where too many wait already), and fails when
  // that takes too long.
  void wait_in_queue();
  void refuse_in_queue();
  void lease_again(UpstreamEvents& events, const UpstreamClient& client);
  [[nodiscard]] const UpstreamClient& client() const { return client_; }  // that of the lease, until it is given back
  // Of an idle connection. False where something has come that nobody asked for, or its end, as far as this turn of the
  // loop knows; looks_alive() asks the kernel besides, by one recv(MSG_PEEK).
  [[nodiscard]] bool is_quiet() const { return !readable_->is_due(); }
  [[nodiscard]] bool looks_alive() const;
  // Its last answer had no body (HEAD, 204, 304): an app that errs may send one all the same, and late.
  [[nodiscard]] bool may_get_late_body() const { return response_.body.kind == BodyFraming::Kind::none; }
  // Of an idle connection: waits until a late body would have come. Owner::on_settled(), or the end, which comes at
  // once for one that the app keeps no longer than that.
  void settle();
  [[nodiscard]] std::int64_t idle_ms() const;  // of an idle connection, coarse
  [[nodiscard]] bool is_settling() const { return is_settling_; }
  // It is signed in as somebody, or about to be (proxy/http/connection_auth.h).
  [[nodiscard]] bool is_signed_in() const { return is_signed_in_; }
  // About to be: the next request answers the challenge of the last answer, and means nothing on another connection.
  [[nodiscard]] bool is_being_signed_in() const { return is_signed_in_ && response_.head.status == 401; }

  // Of a connection that holds a slot which others wait for. From watch() on it is counted what its client sends and
  // reads; is_slowed_by_client(): less than so many bytes since then, while the app waits for nothing else.
  void watch();
  [[nodiscard]] bool is_slowed_by_client(std::uint64_t least_bytes) const;
  void end_for_slow_client();

  void set_patience(std::int64_t response_ms, std::int64_t idle_ms);  // see UpstreamStream
  void begin_small();
  void send_head(const OutgoingRequest& request, const Fields& client_fields, const ClientHeaderRules& rules);
  void send_body(std::string_view bytes);
  void end_body();
  void flush();
  void become_tunnel();
  void set_paused(bool paused);
  void give_back();
  void discard();  // closes an idle connection
  [[nodiscard]] std::size_t unsent_bytes() const { return writer_.unsent_bytes(); }
  [[nodiscard]] std::size_t held_bytes() const { return writer_.held_bytes(); }
  [[nodiscard]] bool is_reused() const { return is_reused_; }

 private:
  enum class Phase { queued, connecting, waiting_for_head, body, answered, tunnel, idle, closed };
  void enter(Phase next);

  void connected() override;
  void connect_failed(ConnectFailure failure, const std::string& why) override;

  void on_readable();
  void on_idle_input();
  [[nodiscard]] ReceiveResult receive(std::size_t most = SIZE_MAX);
  [[nodiscard]] std::size_t bytes_to_read() const;
  void on_writable();
  void on_deadline();
  void on_input_end();
  void process();
  bool process_head();
  [[nodiscard]] std::size_t take_head();
  bool take_interim(std::size_t head_bytes);
  bool first_chunks_are_fine(std::string_view bytes);
  [[nodiscard]] bool waits_for_first_chunk();
  void first_chunk_is_late();
  [[nodiscard]] std::uint64_t moved_by_client() const;
  bool process_body();
  void answer_complete();
  void settled();
  void end_tunnel_when_sent();
  void trim_waiting_head();
  void fail(UpstreamError error);
  void fail_for(const char* rule);  // which its answer breaks
  void lost();
  void close();
  void arm_deadline();
  void wait_for_answer(std::int64_t ms);
  void on_answer_late();
  [[nodiscard]] bool is_reusable() const;
  [[nodiscard]] std::int64_t keeps_for_ms() const;

  const UpstreamEnvironment& environment_;
  Owner& owner_;
  UpstreamEvents* events_;  // null while idle or closed
  UpstreamClient client_;
  Phase phase_ = Phase::queued;
  Transport transport_;
  SocketWriter writer_;
  std::unique_ptr<Connector> connector_;  // null once the connection stands
  std::optional<InputEvent> readable_;    // since then
  Deadline deadline_;

  Buffer in_;
  std::size_t read_bytes_ = BufferPool::kSmallBytes;
  std::size_t most_first_ = SIZE_MAX;  // of the next reads together
  HeadScanner scanner_{HeadScanner::Kind::response};
  ParsedResponse response_;
  BodyReader response_body_{true};
  std::int64_t response_timeout_ms_ = 0;  // of this lease
  std::int64_t idle_timeout_ms_ = 0;
  InterimAnswers interims_;
  Repairs interim_repairs_;             // a field with a bare LF in it may have been meant as one
  std::int64_t idle_allowance_ms_ = 0;  // while idle
  std::int64_t waiting_ms_ = 0;         // while waiting for a head: what the deadline was set to,
  std::int64_t left_to_wait_ms_ = 0;    // and how long it goes on after that
  bool waits_long_ = false;
  bool queue_is_full_ = false;
  std::string method_;
  BodyWriter request_body_{writer_};
  bool request_sent_ = false;  // the whole request, body included; in a tunnel: the client has ended its side
  bool is_reused_ = false;
  bool is_paused_ = false;
  bool is_signed_in_ = false;
  bool is_settling_ = false;

  // The head of a chunked answer is here, and waits for its first chunk.
  std::unique_ptr<Timer> first_chunk_late_;
  bool holds_head_ = false;
  bool is_late_ = false;

  std::uint64_t moved_bytes_ = 0;              // from the client and to it
  std::optional<std::uint64_t> moved_before_;  // as moved_by_client(), at watch()
};

}  // namespace lp
