#pragma once
#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/deadline.h"
#include "proxy/http/pace.h"
#include "proxy/http/stream.h"
#include "proxy/http1/client_environment.h"
#include "proxy/http2/request_head.h"
#include "proxy/net/buffer.h"
#include "proxy/net/memory_budget.h"

namespace lp {

class Http2Session;

// One request of a client's connection of HTTP/2, and its answer. Owned by its session, which tells it what comes and
// takes from it what is to go out; deleted with defer_delete when both sides are over.
class Http2Stream final : public ClientStream {
 public:
  Http2Stream(Http2Session& session, const ClientEnvironment& environment, std::int32_t id, EventsSource& events);
  ~Http2Stream() override;

  // ---- what came; called inside nghttp2's callbacks
  void on_head_complete(Http2RequestHead& head, bool ends_stream);
  void on_trailer(std::string_view name, std::string_view value);
  void on_trailers_complete();
  void on_no_memory();  // for what is coming
  void on_data(std::string_view bytes);
  void on_input_end();
  // ---- at the end of what was received, or of a turn
  void on_batch_end();
  void hand_on_held();
  void tell_drained();
  void settle();  // what of its answer has not left by now stays for long
  // ---- its end: nothing more comes or goes
  void on_head_sent() { unsent_head_bytes_ = 0; }
  void on_answer_sent() { answer_sent_ = true; }
  void on_closed();
  void on_closed_with_connection();
  void break_off(std::uint32_t code);  // with RST_STREAM

  // ---- what goes out; called inside nghttp2's callbacks
  [[nodiscard]] ssize_t next_data(std::size_t most, std::uint32_t& flags);
  [[nodiscard]] std::string_view unsent() const { return out_.data(); }
  void sent(std::size_t bytes);

  [[nodiscard]] std::int32_t id() const { return id_; }
  [[nodiscard]] bool is_done() const { return done_; }
  [[nodiscard]] bool is_input_over() const { return input_over_; }
  [[nodiscard]] bool is_tunnel() const { return tunnel_; }
  // What it holds that limits.buffered has no room for.
  [[nodiscard]] std::size_t bytes_besides() const;
  // Of the answer that waits for the client: how fast it is to be taken, and how long a silence may be.
  [[nodiscard]] PaceTerms pace_terms() const;

  void send_continue() override;
  void send_head(const ResponseHead& head, const OutgoingResponse& response) override;
  void send_answer(const Answer& answer, bool without_body, bool keep_alive) override;
  void send_body(std::string_view bytes) override;
  void send_trailers(const Fields& trailers) override;
  [[nodiscard]] bool takes_trailers() const override { return !has_length_; }
  void end() override;
  void abort() override;
  void send_to_http1() override;
  void flush() override;
  void become_tunnel() override;
  [[nodiscard]] std::size_t unsent_bytes() const override { return out_.size(); }
  [[nodiscard]] std::size_t untaken_bytes() const override;
  [[nodiscard]] Room room() const override { return room_; }
  void pause_request_body() override;
  void resume_request_body() override;
  void set_body_patience(std::int64_t ms) override;
  void set_minimum_rate(std::int64_t bytes_per_s) override;
  void expect_quiet_body(std::int64_t ms) override;
  [[nodiscard]] const std::string& peer_address() const override;
  [[nodiscard]] const TlsSession* tls() const override;

 private:
  [[nodiscard]] bool holds_input_back() const { return paused_ || (asks_for_tunnel_ && !tunnel_); }
  [[nodiscard]] bool has_room_for_fields();
  void drop_fields();
  void hand_on(std::string_view bytes);
  void hold(std::string_view bytes);
  void give_window_back();
  void end_of_input();
  void submit_head(bool has_body);
  [[nodiscard]] std::size_t unsent_cost() const;
  [[nodiscard]] bool has_room_for_unsent();
  void drop_held();
  void note_room();
  [[nodiscard]] bool waits_for_body() const;
  void arm_deadline();
  void watch_anew();
  [[nodiscard]] bool keeps_pace();
  void on_deadline();
  void reset(std::uint32_t code);

  Http2Session& session_;
  EventsSource& source_;
  const ClientEnvironment& env_;
  const std::int32_t id_;
  std::string head_text_;  // what request_ looks into
  std::unique_ptr<Http2Trailers> trailers_;
  ParsedRequest request_;

  Buffer held_;  // of the request's body, while nobody takes it
  Buffer out_;   // of the answer's body, while the client gives no window for it
  std::string trailer_lines_;
  std::size_t unsent_head_bytes_ = 0;  // of the answer
  ReservedMemory own_memory_;          // for this, and for the request's fields
  ReservedMemory held_memory_;
  ReservedMemory unsent_memory_;
  std::size_t owed_window_ = 0;             // of the stream: taken, and not given back yet
  std::size_t owed_connection_window_ = 0;  // for held bytes that there was no room for
  std::int64_t patience_ms_;
  std::int64_t quiet_body_ms_ = 0;  // of the request's body, where that is longer
  std::int64_t minimum_rate_;       // 0: none is owed
  Pace pace_;
  std::int64_t pace_look_ms_ = 0;  // for how long the deadline was set that looks at it; 0: nobody is waited for
  Room room_ = Room::some;

  bool has_begun_ = false;   // its request was told
  bool input_over_ = false;  // the client has said so
  bool told_end_ = false;
  bool paused_ = false;
  bool asks_for_tunnel_ = false;
  bool tunnel_ = false;
  bool head_sent_ = false;
  bool has_length_ = false;   // the answer
  bool ended_ = false;        // all of the answer is in out_
  bool done_ = false;         // nothing more is told, and nobody speaks through this any more
  bool answer_sent_ = false;  // with its end
  bool closed_ = false;       // nghttp2 knows it no more
  bool deferred_ = false;     // nghttp2 waits for resume_data
  bool owes_drain_ = false;
  bool watches_answer_ = false;  // the client is waited for because of it, not of its request's body
  Deadline deadline_;
  EventsSource::Handle events_;  // goes first: it looks into the head when it concludes
};

}  // namespace lp
