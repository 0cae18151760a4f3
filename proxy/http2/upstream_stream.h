#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "proxy/http/interim_answers.h"
#include "proxy/http/stream.h"
#include "proxy/http2/head_fields.h"
#include "proxy/net/buffer.h"
#include "proxy/net/connector.h"

namespace lp {

class Http2Upstream;

// One request to an app over HTTP/2: what is to be sent, how far the answer is, and for how long it is waited for.
class Http2UpstreamStream {
 public:
  // Who finds a connection for it: a pool.
  class Owner {
   public:
    virtual void left(Http2UpstreamStream& stream) = 0;  // while it waited for one: its exchange, or its time is over

   protected:
    ~Owner() = default;
  };

  Http2UpstreamStream(const UpstreamEnvironment& environment, Owner& owner, UpstreamEvents& events);

  // ---- for its exchange, see UpstreamStream
  void set_patience(std::int64_t response_ms, std::int64_t idle_ms);
  void send_head(const OutgoingRequest& request, const Fields& client_fields, const ClientHeaderRules& rules);
  void send_body(std::string_view bytes);
  void send_trailers(const Fields& trailers);
  void end_body();
  void flush();
  void set_paused(bool paused);
  void give_back();
  [[nodiscard]] std::size_t unsent_bytes() const { return out_.size(); }
  [[nodiscard]] std::size_t held_bytes() const { return out_.capacity(); }
  [[nodiscard]] bool is_reused_connection() const { return is_reused_; }

  // ---- for the pool, while it waits for a connection
  void wait_in_queue(std::int64_t ms);
  void fail_soon(UpstreamError error);  // through the loop
  void joins(Http2Upstream& connection, bool is_reused);

 private:
  friend class Http2Upstream;
  friend struct Http2UpstreamCallbacks;

  void on_deadline();
  void arm_deadline();
  void take_interim();
  void fail(UpstreamError error, const char* why = nullptr);
  const UpstreamEnvironment& environment_;
  Owner& owner_;
  UpstreamEvents* events_;               // null: it was given back, or its last event was told
  Http2Upstream* connection_ = nullptr;  // null: it has none yet, or none any more
  Deadline deadline_;
  std::optional<UpstreamError> fails_;  // when the deadline comes
  std::int64_t response_timeout_ms_;
  std::int64_t idle_timeout_ms_;

  HeadFields head_;
  HeadFields trailers_;
  Buffer out_;
  std::string method_;
  std::int32_t id_ = 0;            // 0: not begun
  std::size_t untaken_bytes_ = 0;  // of the answer, handed on and perhaps not gone: the app gets no room for more
  const char* broken_why_ = nullptr;
  InterimAnswers interims_;
  bool is_reused_ = false;
  bool is_dirty_ = false;
  bool is_in_batch_ = false;
  bool is_blocked_ = false;  // its exchange hears of the next drain
  bool has_body_ = false;    // the request, though it may be empty
  bool request_ended_ = false;
  bool end_is_sent_ = false;  // or is about to be, with nothing left in between
  bool has_head_ = false;
  bool answer_ended_ = false;
  bool is_paused_ = false;
  bool is_wide_ = false;  // the answer has a large window
};

}  // namespace lp
