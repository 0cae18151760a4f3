#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "proxy/http/pace.h"
#include "proxy/http/stream.h"
#include "proxy/http1/body_writer.h"
#include "proxy/http1/client_environment.h"
#include "proxy/http1/pausable_input.h"
#include "proxy/http1/request_under_way.h"
#include "proxy/net/client_connection.h"
#include "proxy/net/memory_budget.h"
#include "proxy/net/socket.h"
#include "proxy/net/transport.h"

namespace lp {

// One HTTP/1 connection of a client: requests one after the other, each handed to a RequestEvents of its own, pipelined
// ones in order. Owned by whoever accepted it (Acceptor), who hears of its end through `on_closed`. While it waits for
// a request it holds next to nothing.
class Http1Client final : public ClientStream, public ClientConnection {
 public:
  using Environment = ClientEnvironment;
  using OverTls = lp::OverTls;

  // `environment` and `source` outlive it.
  Http1Client(const Environment& environment, Transport transport, std::string peer_address, EventsSource& source,
              std::function<void(ClientConnection&)> on_closed);
  ~Http1Client() override;

  // What came of it before anybody knew that it speaks HTTP/1. At most once, at first.
  void begin_with(std::string_view early);

  bool close_if_idle() override;
  [[nodiscard]] std::optional<std::int64_t> idle_ms() const override;
  [[nodiscard]] bool is_unused() const override { return is_unused_; }
  [[nodiscard]] bool is_busy() const override;

  void send_continue() override;
  void send_head(const ResponseHead& head, const OutgoingResponse& response) override;
  void send_answer(const Answer& answer, bool without_body, bool keep_alive) override;
  void send_body(std::string_view bytes) override;
  void send_trailers(const Fields& trailers) override;
  void end() override;
  void abort() override;
  void flush() override;
  void become_tunnel() override;
  void let_go_of_head() override;
  [[nodiscard]] std::size_t unsent_bytes() const override { return writer_.unsent_bytes(); }
  [[nodiscard]] std::size_t untaken_bytes() const override;
  [[nodiscard]] bool takes_trailers() const override;
  [[nodiscard]] Room room() const override { return room_; }
  void pause_request_body() override { pause(Pause::back_pressure); }
  void resume_request_body() override;
  void set_body_patience(std::int64_t ms) override;
  void set_minimum_rate(std::int64_t bytes_per_s) override;
  void expect_quiet_body(std::int64_t ms) override;
  [[nodiscard]] const std::string& peer_address() const override { return peer_address_; }
  [[nodiscard]] const TlsSession* tls() const override { return transport_.tls(); }

 private:
  using Pause = PausableInput::Reason;
  enum class Phase {
    idle,       // no byte of a request yet
    head,       // a part of a head
    exchange,   // the exchange answers; its request body may still come in
    discard,    // answered; the rest of the request body is read and dropped so that the connection lives on
    closing,    // answered for good; the last bytes are written
    lingering,  // all written; what the client still sends is dropped so that a reset does not eat our answer
    tunnel,
    closed,
  };

  void enter(Phase next);
  void on_readable();
  [[nodiscard]] ReceiveResult receive(Buffer& into);
  void read_head();
  void wait_for_head();
  void head_failed();
  void read_body();
  void read_tunnel();
  void read_pipelined();
  void drop_input();
  void process_input();
  bool takes_whole_head();
  void start_request();
  void start_exchange();
  void wait_for_rest_of_head();
  void refuse(const ParseError& error);
  void refuse_plain_http();
  void write_strict_transport();
  void feed(std::string_view bytes, std::size_t& counter);
  void feed_pieces(std::string_view bytes, std::size_t& counter);
  void feed_leftover();
  void broken_body();
  void feed_early_tunnel_bytes();
  void take_next_from_body_buffer();
  void rest();
  [[nodiscard]] std::string_view behind_head() const {
    return in_.data().substr(now_->head_bytes + now_->leftover_used);
  }
  // Behind the request that was answered, if any was.
  [[nodiscard]] bool has_more_input() const {
    return now_ == nullptr ? !in_.empty() : !behind_head().empty() || !now_->body_in.empty();
  }
  void request_body_done();
  void on_input_end();
  void on_head_input_end();
  void answer_done();
  void next_request();
  void after_write(SocketWriter::State state);
  void hold_unsent();
  void on_writable();
  void on_deadline();
  void on_later();
  void arm_deadline();
  void arm_deadline_ms(std::int64_t ms);
  void watch_pace();
  [[nodiscard]] PaceTerms pace_terms() const;
  [[nodiscard]] bool keeps_pace();
  [[nodiscard]] bool learns_how_much_is_untaken();
  [[nodiscard]] bool head_keeps_pace();
  [[nodiscard]] std::int64_t patience_ms() const;
  void pause(Pause reason);
  void resume(Pause reason);
  [[nodiscard]] bool input_has_ended() const { return input_.is_paused_by(Pause::end_of_input); }
  void client_gone();
  void close();
  void close_when_sent();
  void finish_closing();
  void linger_on();
  [[nodiscard]] bool may_drop_rest_of_body() const;
  [[nodiscard]] bool body_is_open() const { return body_open_; }

  const Environment& env_;
  EventsSource& source_;
  Transport transport_;
  std::string peer_address_;
  std::function<void(ClientConnection&)> on_closed_;
  EventsSource::Handle events_;           // from a request on until its answer has ended
  std::unique_ptr<RequestUnderWay> now_;  // null while nothing of a request is here

  Phase phase_ = Phase::idle;
  Buffer in_;                          // [head of the request under way][what came with it]
  ReservedMemory head_memory_;         // once a head did not come whole
  ReservedMemory unsent_memory_;       // for what the client does not take
  bool body_open_ = false;             // more of the request body is to come
  std::int64_t body_patience_ms_ = 0;  // of the request under way
  std::int64_t minimum_rate_ = 0;      // likewise; 0: none is owed
  Pace pace_;
  std::int64_t pace_look_ms_ = 0;  // for how long the deadline was set that looks at it; 0: it is not watched
  std::size_t untaken_ = 0;        // of the answer at the last look, by the client's kernel
  bool knows_untaken_ = false;
  bool head_has_more_time_ = false;
  std::int64_t quiet_body_ms_ = 0;  // likewise, where that is longer

  bool is_unused_ = true;
  bool keep_alive_ = true;
  bool was_blocked_ = false;  // the exchange hears of the next drain
  Room room_ = Room::some;
  int lingers_left_ = 0;
  bool lingers_for_more_ = false;  // it is known to send on, not just free to
  bool may_send_more_ = false;     // nobody has told the client that this answer is the last, nor has it said so
  bool processing_ = false;        // process_input() is on the stack and goes on by itself

  SocketWriter writer_;
  BodyWriter answer_body_{writer_};
  PausableInput input_;
  Deadline deadline_;
  Timer later_;  // for what must not complete inside the call that caused it
};

}  // namespace lp
