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
constexpr std::size_t kTinyFrame = 512;
// What a stream costs while it lives, whatever it carries: this and its exchange, with what they point to, and what
// nghttp2 keeps of it. A client has a hundred for next to nothing.
constexpr std::size_t kOwnBytes = 4 * 1024;
// Of an answer, and mostly all of it, or all that is read of it for now: many streams may get as much in one turn.
constexpr std::size_t kSmallPiece = 4 * 1024;
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
      held_(environment.buffers),
      out_(environment.buffers),
      own_memory_(environment.memory),
      held_memory_(environment.memory),
      unsent_memory_(environment.memory),
      patience_ms_(environment.timeouts.body_idle_ms),
      minimum_rate_(std::max<std::int64_t>(environment.limits.minimum_rate, 0)),
      deadline_(environment.wheel, [this] { on_deadline(); }),
      events_(events.take(*this)) {}

Http2Stream::~Http2Stream() {
  events_.reset();
  source_.forget(*this);
}

const std::string& Http2Stream::peer_address() const { return session_.peer_address(); }
const TlsSession* Http2Stream::tls() const { return session_.tls(); }

// ---- what comes -------------------------------------------------------------------------------------------------

void Http2Stream::on_head_complete(Http2RequestHead& head, bool ends_stream) {
  input_over_ = ends_stream;
  asks_for_tunnel_ = head.asks_for_tunnel();
  const std::string key = asks_for_tunnel_ ? session_.new_websocket_key() : std::string();
  const auto error = head.finish({ends_stream, key}, request_);
  head_text_ = head.take_text();
  request_.is_http2 = has_begun_ = true;
  const bool is_refused = error || !has_room_for_fields();
  if (is_refused) {  // nobody reads it
    told_end_ = true;
    drop_fields();
    return events_->on_bad_request(error ? *error : kNoMemory);
  }
  told_end_ = !asks_for_tunnel_ && !has_body(request_.body);
  events_->on_request(request_, head_text_.size());
  arm_deadline();
}

// The app's side has them once more, until the app took them.
bool Http2Stream::has_room_for_fields() {
  const std::size_t texts = head_text_.capacity() + (trailers_ != nullptr ? trailers_->memory() : 0);
  const std::size_t list = request_.head.fields.all().capacity() * sizeof(Field);
  return own_memory_.cover(kOwnBytes + list + 2 * texts, peer_address());
}

void Http2Stream::drop_fields() {
  trailers_.reset();
  request_ = {};
  std::string().swap(head_text_);
  own_memory_.shrink(kOwnBytes);
}

// HPACK makes 60 KiB of 15 bytes, for each of a hundred streams (threat D22).
void Http2Stream::on_trailer(std::string_view name, std::string_view value) {
  if (done_) return;
  if (trailers_ == nullptr) trailers_ = std::make_unique<Http2Trailers>(env_.head_limits);
  trailers_->add(name, value);
  if (!has_room_for_fields()) on_no_memory();
}

void Http2Stream::on_trailers_complete() {
  if (trailers_ != nullptr && trailers_->is_bad()) return break_off(NGHTTP2_PROTOCOL_ERROR);
  on_input_end();
}

void Http2Stream::on_no_memory() {
  trailers_.reset();
  told_end_ = has_begun_ = true;
  if (!done_) events_->on_bad_request(kNoMemory);
}

void Http2Stream::on_data(std::string_view bytes) {
  if (out_.empty()) pace_.moved(bytes.size());
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
// own is not: no more than that will come. Of what the windows let come all the same there is a little room besides.
void Http2Stream::hold(std::string_view bytes) {
  held_.append(bytes);
  owed_window_ += bytes.size();
  held_.trim();
  if (held_memory_.cover(held_.capacity(), peer_address(), MemoryUse::waits_without))
    return session_.consume(*this, 0, bytes.size());
  owed_connection_window_ += bytes.size();
  if (!session_.has_room_besides()) on_no_memory();
}

void Http2Stream::drop_held() {
  held_.release();
  held_memory_.release();
  if (owed_connection_window_ > 0) session_.consume(*this, 0, std::exchange(owed_connection_window_, 0));
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
  const auto trailers = std::move(trailers_);
  if (told_end_ || done_) return;
  told_end_ = true;
  if (trailers != nullptr) events_->on_request_trailers(trailers->fields());
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
  if (is_slow_by_nature(response.body, head.fields)) minimum_rate_ = 0;
  submit_head(opens_tunnel || has_body(response.body));
}

void Http2Stream::submit_head(bool with_body) {
  HeadFields& fields = session_.head_fields();
  const bool is_strict = env_.over_tls != nullptr && !env_.over_tls->strict_transport.empty();
  if (is_strict && !fields.has("strict-transport-security"))
    fields.add("strict-transport-security", env_.over_tls->strict_transport);
  head_sent_ = true;
  unsent_head_bytes_ = fields.memory();
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
  bytes.size() <= kSmallPiece ? out_.append_alone(bytes) : out_.append(bytes);
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

// In nghttp2's hands, or here.
std::size_t Http2Stream::unsent_cost() const {
  return unsent_head_bytes_ + out_.capacity() + trailer_lines_.capacity();
}

bool Http2Stream::has_room_for_unsent() {
  return unsent_memory_.cover(unsent_cost(), peer_address(), MemoryUse::waits_without);
}

std::size_t Http2Stream::bytes_besides() const {
  return owed_connection_window_ + (room_ == Room::none_of_all ? unsent_cost() : 0);
}

void Http2Stream::note_room() {
  room_ = Room::some;
  if (closed_) return;
  if (unsent_head_bytes_ > 0 || !out_.empty()) session_.settle_later(*this);
  if (out_.empty()) return;
  const bool is_waiting = !session_.collects_later();  // else it may leave at once when the turn ends
  if (is_waiting) out_.trim();
  if (!has_room_for_unsent())
    room_ = Room::none_of_all;
  else if (is_waiting || out_.size() > kMostUnsent)
    room_ = Room::none;
  if (room_ != Room::some) owes_drain_ = true;
  if (!std::exchange(watches_answer_, true)) watch_anew();
}

// The client gives no window, or takes nothing at all. Who has answered is needed no more, nor is the request; an
// answer for which there is no room ends.
void Http2Stream::settle() {
  if (closed_ || (unsent_head_bytes_ == 0 && out_.empty())) return;
  if (done_) drop_fields();
  if (done_) source_.retire(std::move(events_));
  out_.trim();
  if (!has_room_for_unsent()) room_ = Room::none_of_all;
  const bool has_room = room_ != Room::none_of_all || session_.has_room_besides();
  if (has_room && own_memory_.cover(kOwnBytes, peer_address())) return;
  if (unsent_head_bytes_ > 0) return session_.close_soon();  // nobody takes back what nghttp2 has of it
  if (!done_) return events_->on_bad_request(kNoMemory);
  reset(NGHTTP2_ENHANCE_YOUR_CALM);
}

void Http2Stream::become_tunnel() {
  tunnel_ = true;
  minimum_rate_ = 0;
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
  pace_.moved(bytes);
  if (out_.empty()) {
    out_.release();
    unsent_memory_.release();
    room_ = Room::some;
    if (owes_drain_) session_.tell_drained_later(*this);
  }
  if (!out_.empty()) return;
  if (std::exchange(watches_answer_, false)) return watch_anew();
  arm_deadline();
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
  std::string().swap(trailer_lines_);
  drop_held();
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
  drop_held();
  if (!std::exchange(done_, true) && has_begun_) events_->on_client_gone();
}

void Http2Stream::break_off(std::uint32_t code) {
  const bool tell = has_begun_ && !std::exchange(done_, true);
  reset(code);
  if (tell) events_->on_client_gone();
}

void Http2Stream::set_body_patience(std::int64_t ms) {
  patience_ms_ = ms;
  watch_anew();
}

void Http2Stream::set_minimum_rate(std::int64_t bytes_per_s) {
  minimum_rate_ = std::max<std::int64_t>(bytes_per_s, 0);
  watch_anew();
}

void Http2Stream::expect_quiet_body(std::int64_t ms) {
  quiet_body_ms_ = ms;
  watch_anew();
}

bool Http2Stream::waits_for_body() const {
  return has_begun_ && !done_ && !input_over_ && !told_end_ && !paused_ && !asks_for_tunnel_;
}

// From when on the client is waited for, until nobody waits for it any more: not anew for what comes.
void Http2Stream::arm_deadline() {
  if (closed_) return;
  const bool waits = !out_.empty() || waits_for_body();
  if (waits && pace_look_ms_ > 0) return;
  pace_.begin();
  pace_look_ms_ = waits ? Pace::look_ms(pace_terms()) : 0;
  waits ? deadline_.set_ms(pace_look_ms_) : deadline_.clear();
}

void Http2Stream::watch_anew() {
  pace_look_ms_ = 0;
  arm_deadline();
}

PaceTerms Http2Stream::pace_terms() const {
  const bool is_quiet_body = quiet_body_ms_ > 0 && out_.empty();  // what comes of it, and when, is its own
  if (is_quiet_body) return {std::max(patience_ms_, quiet_body_ms_), 0, env_.timeouts.rate_window_ms};
  return {patience_ms_, minimum_rate_, env_.timeouts.rate_window_ms};
}

// Where the stream has a window, or the line is full, it is the connection that is slow, and that is looked at as a
// whole: the streams of one slow line come in turn.
bool Http2Stream::keeps_pace() {
  const bool waits_for_connection = !out_.empty() && session_.holds_up(*this);
  if (waits_for_connection) pace_.begin();
  const auto next = waits_for_connection ? Pace::look_ms(pace_terms()) : pace_.look(pace_terms(), pace_look_ms_);
  pace_look_ms_ = next.value_or(0);
  if (next) deadline_.set_ms(*next);
  return next.has_value();
}

void Http2Stream::on_deadline() {
  if (keeps_pace()) return;
  if (!done_ && out_.empty())
    return events_->on_bad_request({408, "request body stalled, or came slower than limits.minimum_rate"});
  break_off(NGHTTP2_CANCEL);
}

}  // namespace lp
