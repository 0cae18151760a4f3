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
#include "proxy/http1/body_reader.h"
#include "proxy/http1/body_writer.h"
#include "proxy/http1/client_environment.h"
#include "proxy/http1/pausable_input.h"
#include "proxy/http1/scan.h"
#include "proxy/net/client_connection.h"
#include "proxy/net/memory_budget.h"
#include "proxy/net/socket.h"
#include "proxy/net/transport.h"

namespace lp {

// One HTTP/1 connection of a client: requests one after the other, each handed to a RequestEvents, pipelined ones in
// order. Owned by whoever accepted it (Acceptor), who hears of its end through `on_closed`.
class Http1Client final : public ClientStream, public ClientConnection {
 public:
  using Environment = ClientEnvironment;
  using OverTls = lp::OverTls;
  using MakeEvents = lp::MakeEvents;

  Http1Client(const Environment& environment, Transport transport, std::string peer_address,
              const MakeEvents& make_events, std::function<void(ClientConnection&)> on_closed);
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
  [[nodiscard]] bool may_send_more() const;
  void linger_on();
  [[nodiscard]] bool may_drop_rest_of_body() const;
  [[nodiscard]] bool body_is_open() const { return body_open_; }

  Environment env_;
  Transport transport_;
  std::string peer_address_;
  std::function<void(ClientConnection&)> on_closed_;
  std::unique_ptr<RequestEvents> events_;

  Phase phase_ = Phase::idle;
  Buffer in_;       // [head of the request under way][what came with it]
  Buffer body_in_;  // later reads of a body or a tunnel; may end with bytes of the next request
  std::size_t read_bytes_ = BufferPool::kSmallBytes;
  HeadLimits head_limits_;
  HeadScanner scanner_;
  ParsedRequest request_;
  ReservedMemory head_memory_;     // once a head did not come whole
  ReservedMemory unsent_memory_;   // for what the client does not take
  std::size_t head_bytes_ = 0;     // pinned in in_ while the exchange looks at it
  std::size_t leftover_used_ = 0;  // of the bytes behind the head
  bool body_open_ = false;         // more of the request body is to come
  BodyReader body_;
  std::string_view unfed_;  // while bytes of a body are handed on: those behind them that are here
  std::uint64_t discarded_bytes_ = 0;
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
  bool ends_with_answer_ = false;  // not for want of use
  bool processing_ = false;        // process_input() is on the stack and goes on by itself

  SocketWriter writer_;
  BodyWriter answer_body_{writer_};
  PausableInput input_;
  Deadline deadline_;
  Timer later_;  // for what must not complete inside the call that caused it
};

}  // namespace lp
