#include "proxy/http2/stream.h"

#include <algorithm>
#include <ctime>

#include "base/encoding.h"
#include "proxy/http1/write.h"
#include "proxy/http2/session.h"

namespace lp {

namespace {
// Of an answer that is not taken no more than this and one read of the app's connection is held.
constexpr std::size_t kMostUnsent = 16 * 1024;
// The clock of a client that takes an answer starts anew for so many bytes, not for each.
constexpr std::size_t kBytesOfProgress = 1024;
constexpr std::size_t kTinyFrame = 512;
const ParseError kNoMemory{503, "limits.buffered is used up"};

bool has_body(const BodyFraming& body) {
  return body.kind == BodyFraming::Kind::chunked || body.kind == BodyFraming::Kind::until_close || body.length > 0;
}
}  // namespace

Http2Stream::Http2Stream(Http2Session& session, const ClientEnvironment& environment, std::int32_t id,
                         EventsSource& events)
    : session_(session),
      source_(events),
      env_(environment),
      id_(id),
      head_(environment.head_limits),
      held_(environment.buffers),
      out_(environment.buffers),
      head_memory_(environment.memory),
      held_memory_(environment.memory),
      unsent_memory_(environment.memory),
      patience_ms_(environment.timeouts.body_idle_ms),
      deadline_(environment.wheel, [this] { on_deadline(); }),
      events_(events.take(*this)) {}

Http2Stream::~Http2Stream() {
  events_.reset();
  source_.forget(*this);
}

const std::string& Http2Stream::peer_address() const { return session_.peer_address(); }
const TlsSession* Http2Stream::tls() const { return session_.tls(); }

Http2Trailers& Http2Stream::trailers() {
  if (trailers_ == nullptr) trailers_ = std::make_unique<Http2Trailers>(head_limits_of(env_.limits));
  return *trailers_;
}

// ---- what comes -------------------------------------------------------------------------------------------------

void Http2Stream::on_head_complete(bool ends_stream) {
  input_over_ = ends_stream;
  const std::string key = head_.asks_for_tunnel() ? session_.new_websocket_key() : std::string();
  const auto error = head_.finish({ends_stream, key}, request_);
  request_.is_http2 = has_begun_ = true;
  if (error) return refuse(*error);
  if (!head_memory_.cover(head_.memory(), peer_address())) return refuse(kNoMemory);
  told_end_ = !head_.asks_for_tunnel() && !has_body(request_.body);
  events_->on_request(request_, head_.head_bytes());
  arm_deadline();
}

void Http2Stream::refuse(const ParseError& error) {
  told_end_ = true;
  events_->on_bad_request(error);
}

void Http2Stream::on_data(std::string_view bytes) {
  if (done_) return session_.consume(*this, bytes.size(), bytes.size());
  if (holds_input_back() || !held_.empty()) return hold(bytes);
  session_.consume(*this, 0, bytes.size());
  hand_on(bytes);
}

void Http2Stream::hand_on(std::string_view bytes) {
  owed_window_ += bytes.size();
  arm_deadline();
  events_->on_request_body(bytes);
  give_window_back();
}

// The connection's window is all streams', and is given back as long as there is memory for what this one holds. Its
// own is not: no more than that will come.
void Http2Stream::hold(std::string_view bytes) {
  held_.append(bytes);
  owed_window_ += bytes.size();
  held_.trim();
  if (held_memory_.cover(held_.capacity(), peer_address(), MemoryUse::waits_without))
    session_.consume(*this, 0, bytes.size());
  else
    owed_connection_window_ += bytes.size();
}

void Http2Stream::give_window_back() {
  if (holds_input_back() && !done_) return;
  if (owed_window_ > 0 || owed_connection_window_ > 0) session_.consume(*this, owed_window_, owed_connection_window_);
  owed_window_ = owed_connection_window_ = 0;
}

void Http2Stream::hand_on_held() {
  if (done_ || holds_input_back()) return;
  if (!held_.empty()) events_->on_request_body(held_.data());
  held_.release();
  held_memory_.release();
  give_window_back();
  if (input_over_ && !holds_input_back()) end_of_input();
  on_batch_end();
}

void Http2Stream::on_input_end() {
  input_over_ = true;
  if (held_.empty() && !holds_input_back()) end_of_input();
  arm_deadline();
}

void Http2Stream::end_of_input() {
  if (told_end_ || done_) return;
  told_end_ = true;
  if (trailers_ != nullptr) events_->on_request_trailers(trailers_->fields());
  if (!done_) events_->on_request_end();
}

void Http2Stream::on_batch_end() {
  if (!done_ && has_begun_) events_->on_request_batch_end();
  arm_deadline();
}

void Http2Stream::pause_request_body() {
  paused_ = true;
  arm_deadline();
}

void Http2Stream::resume_request_body() {
  if (!std::exchange(paused_, false)) return;
  arm_deadline();
  if (!held_.empty() || input_over_) return session_.hand_on_later(*this);
  give_window_back();
}

// ---- the answer -------------------------------------------------------------------------------------------------

void Http2Stream::send_continue() { session_.submit_continue(*this); }

// A WebSocket's 101 is a 200 here, which proves nothing: nobody can take HTTP/2 for something else (RFC 8441 5).
void Http2Stream::send_head(const ResponseHead& head, const OutgoingResponse& response) {
  HeadFields& fields = session_.head_fields();
  fields.clear();
  const bool opens_tunnel = head.status == 101;
  fields.add(":status", opens_tunnel ? "200" : std::to_string(head.status));
  env_.scratch.clear();
  append_response_fields(env_.scratch, response, head, env_.header_rules);
  fields.add_lines(env_.scratch);
  if (opens_tunnel) fields.remove("sec-websocket-accept");
  has_length_ = response.body.kind == BodyFraming::Kind::length;
  submit_head(opens_tunnel || has_body(response.body));
}

void Http2Stream::submit_head(bool with_body) {
  HeadFields& fields = session_.head_fields();
  const bool is_strict = env_.over_tls != nullptr && !env_.over_tls->strict_transport.empty();
  if (is_strict && !fields.has("strict-transport-security"))
    fields.add("strict-transport-security", env_.over_tls->strict_transport);
  head_sent_ = true;
  session_.submit_response(*this, with_body);
}

void Http2Stream::send_answer(const Answer& answer, bool without_body, bool) {
  HeadFields& fields = session_.head_fields();
  fields.clear();
  fields.add(":status", std::to_string(answer.status));
  env_.scratch.clear();
  append_answer(env_.scratch, answer, true, true, std::time(nullptr));
  const std::string_view head(env_.scratch);
  fields.add_lines(head.substr(head.find("\r\n") + 2));
  const bool with_body = !without_body && !answer.body.empty();
  if (with_body) out_.append(answer.body);
  ended_ = true;
  submit_head(with_body);
  end();
}

void Http2Stream::send_body(std::string_view bytes) {
  if (closed_ || bytes.empty()) return;
  out_.append(bytes);
  if (std::exchange(deferred_, false)) session_.resume_data(*this);
}

void Http2Stream::send_trailers(const Fields& trailers) {
  for (const Field& field : trailers.all())
    trailer_lines_.append(field.name).append(": ").append(field.value).append("\r\n");
}

void Http2Stream::end() {
  ended_ = true;
  done_ = true;
  held_.release();
  held_memory_.release();
  give_window_back();
  if (closed_) return session_.forget(*this);
  if (std::exchange(deferred_, false)) session_.resume_data(*this);
  flush();
}

void Http2Stream::abort() {
  done_ = true;
  if (closed_) return session_.forget(*this);
  reset(NGHTTP2_INTERNAL_ERROR);
}

void Http2Stream::send_to_http1() {
  done_ = true;
  reset(NGHTTP2_HTTP_1_1_REQUIRED);
}

void Http2Stream::flush() {
  if (closed_) return;
  session_.collect_output();
  note_room();
}

void Http2Stream::note_room() {
  room_ = Room::some;
  if (out_.empty() || closed_) return;
  const bool is_waiting = !session_.collects_later();  // else it may leave at once when the turn ends
  if (is_waiting) out_.trim();
  if (!unsent_memory_.cover(out_.capacity(), peer_address(), MemoryUse::waits_without))
    room_ = Room::none_of_all;
  else if (is_waiting || out_.size() > kMostUnsent)
    room_ = Room::none;
  if (room_ != Room::some) owes_drain_ = true;
  if (!deadline_.is_set()) arm_deadline();
}

void Http2Stream::become_tunnel() {
  tunnel_ = true;
  session_.hand_on_later(*this);
}

std::size_t Http2Stream::untaken_bytes() const { return out_.size() + session_.untaken_bytes(); }

// RFC 9113 8.1: trailers end the stream in place of the last DATA.
ssize_t Http2Stream::next_data(std::size_t most, std::uint32_t& flags) {
  if (closed_ || (out_.empty() && !ended_)) {
    deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  const std::size_t bytes = std::min(most, out_.size());
  if (bytes > 0) flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (bytes < out_.size()) {
    if (bytes < kTinyFrame) session_.spend(AbuseBudget::Act::tiny_window);
  } else if (ended_) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!trailer_lines_.empty()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      session_.submit_trailers(*this, trailer_lines_);
    }
  }
  return static_cast<ssize_t>(bytes);
}

void Http2Stream::sent(std::size_t bytes) {
  out_.consume(bytes);
  since_armed_ += bytes;
  if (out_.empty()) {
    out_.release();
    unsent_memory_.release();
    room_ = Room::some;
    if (owes_drain_) session_.tell_drained_later(*this);
  }
  if (out_.empty() || since_armed_ >= kBytesOfProgress) arm_deadline();
}

void Http2Stream::tell_drained() {
  if (done_ || !out_.empty() || !std::exchange(owes_drain_, false)) return;
  events_->on_client_drained();
}

// ---- ends and time ----------------------------------------------------------------------------------------------

void Http2Stream::reset(std::uint32_t code) {
  deadline_.clear();
  out_.release();
  unsent_memory_.release();
  session_.submit_reset(*this, code);
}

// An exchange whose answer is out all the same, for it had no body, goes on until it says so itself.
void Http2Stream::on_closed() {
  if (answer_sent_ && !done_) {
    closed_ = true;
    return deadline_.clear();
  }
  on_closed_with_connection();
}

void Http2Stream::on_closed_with_connection() {
  closed_ = true;
  deadline_.clear();
  if (!std::exchange(done_, true) && has_begun_) events_->on_client_gone();
}

void Http2Stream::break_off(std::uint32_t code) {
  const bool tell = has_begun_ && !std::exchange(done_, true);
  reset(code);
  if (tell) events_->on_client_gone();
}

void Http2Stream::set_body_patience(std::int64_t ms) {
  patience_ms_ = ms;
  arm_deadline();
}

void Http2Stream::expect_quiet_body(std::int64_t ms) {
  quiet_body_ms_ = ms;
  arm_deadline();
}

void Http2Stream::arm_deadline() {
  since_armed_ = 0;
  if (closed_) return;
  const bool waits_for_body =
      has_begun_ && !done_ && !input_over_ && !told_end_ && !paused_ && !head_.asks_for_tunnel();
  if (!out_.empty()) return deadline_.set_ms(patience_ms_);
  if (waits_for_body) return deadline_.set_ms(std::max(patience_ms_, quiet_body_ms_));
  deadline_.clear();
}

void Http2Stream::on_deadline() {
  if (!done_ && out_.empty()) return events_->on_bad_request({408, "request body stalled"});
  break_off(NGHTTP2_CANCEL);
}

}  // namespace lp
