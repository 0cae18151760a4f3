#pragma once
#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/deadline.h"
#include "base/event.h"
#include "proxy/http/pace.h"
#include "proxy/http1/client_environment.h"
#include "proxy/http2/abuse_budget.h"
#include "proxy/http2/field_block.h"
#include "proxy/http2/head_fields.h"
#include "proxy/http2/stream.h"
#include "proxy/net/buffer.h"
#include "proxy/net/client_connection.h"
#include "proxy/net/socket.h"
#include "proxy/net/transport.h"

namespace lp {

// A client's connection of HTTP/2. What its streams have to say is written once a turn. Owned by whoever accepted it,
// who hears of its end through `on_closed`. How nghttp2 is used, and what is counted besides:
// docs/decisions/0065-http2-to-clients.md.
class Http2Session final : public ClientConnection {
 public:
  // `events` must outlive it, as all in `environment` does.
  Http2Session(const ClientEnvironment& environment, Transport transport, std::string peer_address,
               EventsSource& events, std::function<void(ClientConnection&)> on_closed);
  ~Http2Session() override;

  // What came of it before anybody knew that it speaks HTTP/2. At most once, at first.
  void begin_with(std::string_view early);

  bool close_if_idle() override;
  [[nodiscard]] std::optional<std::int64_t> idle_ms() const override;
  [[nodiscard]] bool is_unused() const override { return is_unused_; }
  [[nodiscard]] bool is_busy() const override;
  void drain() override;
  [[nodiscard]] const std::string& peer_address() const override { return peer_address_; }

  // ---- for its streams
  [[nodiscard]] const TlsSession* tls() const { return transport_.tls(); }
  [[nodiscard]] HeadFields& head_fields() { return head_fields_; }
  void submit_response(Http2Stream& stream, bool has_body);
  void submit_continue(const Http2Stream& stream);
  void submit_trailers(const Http2Stream& stream, std::string_view lines);
  void submit_reset(const Http2Stream& stream, std::uint32_t code);
  void resume_data(const Http2Stream& stream);
  void consume(const Http2Stream& stream, std::size_t of_stream, std::size_t of_connection);
  void spend(AbuseBudget::Act act);
  // Frames for what there is, as far as the client gives room; they leave at the end of the turn.
  void collect_output();
  [[nodiscard]] bool collects_later() const { return inside_; }
  void hand_on_later(const Http2Stream& stream);  // what it holds, at the end of the turn
  void tell_drained_later(const Http2Stream& stream);
  void settle_later(const Http2Stream& stream);  // where something is left at the end of the turn
  void close_soon() { later_.start_ms(0); }
  [[nodiscard]] bool has_room_besides() const;
  void forget(Http2Stream& stream);
  [[nodiscard]] std::size_t untaken_bytes() const;
  // What this stream has to send waits for the connection, and not for a window of its own. The client owes a rate to
  // the connection as a whole from now on, until nothing waits any more.
  [[nodiscard]] bool holds_up(const Http2Stream& stream);
  [[nodiscard]] std::string new_websocket_key();

 private:
  struct Callbacks;  // what nghttp2 calls
  enum class Phase : std::uint8_t {
    open,
    closing,    // the last bytes are written
    lingering,  // all written; what the client still sends is dropped so that a reset does not eat our last words
    closed,
  };
  struct SessionDeleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  void submit_settings();
  void on_readable();
  void drop_input();
  void feed(std::string_view bytes);
  void watch_block();
  [[nodiscard]] bool has_room_for_block();
  [[nodiscard]] std::size_t most_queued() const;
  [[nodiscard]] int send_data(Http2Stream& stream, std::string_view frame_head, std::size_t bytes);
  void ask_turn_end();
  void on_turn_end();
  void finish_turn();
  void settle_streams();
  void on_writable();
  void after_write(SocketWriter::State state);
  void on_deadline();
  void arm_deadline();
  void watch_pace();
  [[nodiscard]] PaceTerms pace_terms() const;
  [[nodiscard]] bool keeps_pace();
  [[nodiscard]] bool learns_how_much_is_taken();
  void end_waiting_streams();
  [[nodiscard]] std::int64_t patience_ms() const;
  Http2Stream& open_stream(std::int32_t id);
  [[nodiscard]] Http2Stream* find(std::int32_t id) const;
  void stream_closed(std::int32_t id);
  void on_late_frame(std::int32_t id);  // of a stream that is over
  [[nodiscard]] bool takes_as_late(std::uint32_t code);
  void tell_last();                  // the last GOAWAY of an end in peace
  void end_for(std::uint32_t code);  // GOAWAY, and nobody is listened to any more
  void lose_streams();
  [[nodiscard]] bool is_over() const;
  void close_when_sent();
  void finish_closing();
  void close();

  ClientEnvironment env_;
  Transport transport_;
  const std::string peer_address_;
  EventsSource& events_;
  std::function<void(ClientConnection&)> on_closed_;
  std::unique_ptr<nghttp2_session, SessionDeleter> session_;
  std::unordered_map<std::int32_t, std::unique_ptr<Http2Stream>> streams_;
  std::vector<std::int32_t> batch_, held_, drained_, unsettled_;  // streams that are to be told something
  Http2RequestHead request_head_;                                 // the one that is coming
  std::int32_t head_id_ = 0;                                      // its stream; 0: none is, or nobody wants to hear
  HeadFields head_fields_;
  AbuseBudget budget_;
  FieldBlockWatch block_;
  DecodedBlock decoded_;
  ReservedMemory block_memory_;   // for a block of fields that is not complete
  ReservedMemory unsent_memory_;  // for what the kernel does not take

  Phase phase_ = Phase::open;
  Buffer in_;
  std::size_t read_bytes_ = BufferPool::kSmallBytes;
  std::uint64_t late_resets_ = 0;  // that are about to be sent for late frames
  bool is_unused_ = true;
  bool inside_ = false;    // a call of nghttp2 is on the stack: it must not be called again but to submit
  bool draining_ = false;  // the client was told that there will be a last request
  bool ends_turn_ = false;
  bool told_last_ = false;   // and which it was
  bool is_blocked_ = false;  // the kernel takes no more
  bool holds_up_ = false;    // a stream has said so

  std::uint64_t given_bytes_ = 0;  // to the writer, so far
  std::uint64_t taken_bytes_ = 0;  // of those, as of the last look
  Pace pace_;
  std::int64_t pace_look_ms_ = 0;  // for how long the deadline was set that looks at it; 0: it is not watched
  bool knows_taken_ = false;

  SocketWriter writer_;
  InputEvent input_;
  TurnEnd turn_end_;
  Timer next_turn_;
  Timer later_;
  Deadline deadline_;
  Deadline head_deadline_;         // while a block of fields is not complete
  std::uint64_t timed_block_ = 0;  // whose that is
};

}  // namespace lp
