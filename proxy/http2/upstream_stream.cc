#include "proxy/http2/upstream_stream.h"

#include <utility>

#include "proxy/http/connection_auth.h"
#include "proxy/http2/upstream.h"

namespace lp {

Http2UpstreamStream::Http2UpstreamStream(const UpstreamEnvironment& environment, Owner& owner, UpstreamEvents& events)
    : environment_(environment),
      owner_(owner),
      events_(&events),
      deadline_(environment.wheel, [this] { on_deadline(); }),
      response_timeout_ms_(environment.settings.response_timeout_ms),
      idle_timeout_ms_(environment.settings.idle_timeout_ms),
      out_(environment.buffers) {}

// ---- a connection -----------------------------------------------------------------------------------------------

void Http2UpstreamStream::wait_in_queue(std::int64_t ms) {
  fails_ = UpstreamError::queue_timeout;
  deadline_.set_ms(ms);
}

void Http2UpstreamStream::fail_soon(UpstreamError error) {
  fails_ = error;
  deadline_.set_ms(0);
}

void Http2UpstreamStream::joins(Http2Upstream& connection, bool is_reused) {
  connection_ = &connection;
  is_reused_ = is_reused;
  if (fails_ != UpstreamError::queue_timeout) return;
  fails_.reset();
  deadline_.clear();
}

// ---- the request ------------------------------------------------------------------------------------------------

void Http2UpstreamStream::set_patience(std::int64_t response_ms, std::int64_t idle_ms) {
  response_timeout_ms_ = response_ms;
  idle_timeout_ms_ = idle_ms;
}

void Http2UpstreamStream::send_head(const OutgoingRequest& request, const Fields& client_fields,
                                    const ClientHeaderRules& rules) {
  if (!request.upgrade.empty()) return fail_soon(UpstreamError::no_upgrade);
  // What follows on the connection would be answered as that person's, whoever asks.
  if (!request.replaces_authorization && asks_to_sign_in_connection(client_fields))
    return fail_soon(UpstreamError::no_sign_in);
  method_.assign(request.method);
  has_body_ = request.body.kind == BodyFraming::Kind::chunked || request.body.length > 0;
  head_.add(":method", request.method);
  head_.add(":scheme", environment_.tls != nullptr ? "https" : "http");
  head_.add(":authority", request.host);
  head_.add(":path", request.target);
  thread_local std::string lines;
  lines.clear();
  append_request_fields(lines, request, client_fields, rules);
  head_.add_lines(lines);
  if (takes_trailers(client_fields)) head_.add("te", "trailers");
}

void Http2UpstreamStream::send_body(std::string_view bytes) {
  if (events_ != nullptr) out_.append(bytes);
}

void Http2UpstreamStream::send_trailers(const Fields& trailers) { trailers_.add_all(trailers); }

void Http2UpstreamStream::end_body() {
  request_ended_ = true;
  flush();
}

void Http2UpstreamStream::flush() {
  is_blocked_ = !out_.empty();
  if (connection_ == nullptr) out_.trim();  // it may wait for long
  if (connection_ == nullptr || fails_) return;
  connection_->wants_to_write(*this);
  arm_deadline();
}

void Http2UpstreamStream::set_paused(bool paused) {
  is_paused_ = paused;
  if (!paused && connection_ != nullptr) connection_->took_body(*this, std::exchange(untaken_bytes_, 0));
  arm_deadline();
}

// ---- ends -------------------------------------------------------------------------------------------------------

void Http2UpstreamStream::give_back() {
  events_ = nullptr;
  deadline_.clear();
  if (connection_ != nullptr) return connection_->let_go(*this);
  owner_.left(*this);
}

void Http2UpstreamStream::fail(UpstreamError error, const char* why) {
  UpstreamEvents* const told = events_;
  give_back();
  if (told == nullptr) return;
  if (why != nullptr) return told->on_broken_answer(why, error);
  told->on_upstream_error(error);
}

// The app is at work: it has its time once more.
void Http2UpstreamStream::take_interim() {
  const std::int64_t waited_ms = deadline_.is_set() ? response_timeout_ms_ - deadline_.left_ms() : 0;
  if (!interims_.take(waited_ms)) return fail(UpstreamError::nonsense, InterimAnswers::kTooMany);
  arm_deadline();
}

void Http2UpstreamStream::on_deadline() {
  if (fails_) return fail(*fails_);
  if (connection_ != nullptr) connection_->is_silent();
  fail(has_head_ ? UpstreamError::idle_timeout : UpstreamError::response_timeout);
}

// As of HTTP/1: while the client is still sending, its own deadline runs, unless it is the app that takes nothing.
void Http2UpstreamStream::arm_deadline() {
  if (fails_ || id_ == 0) return;
  const bool is_clients_turn = !has_head_ && !request_ended_ && out_.empty();
  if (answer_ended_ || is_clients_turn || (has_head_ && is_paused_)) return deadline_.clear();
  deadline_.set_ms(has_head_ ? idle_timeout_ms_ : response_timeout_ms_);
}

}  // namespace lp
