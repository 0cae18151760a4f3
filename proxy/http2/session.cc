#include "proxy/http2/session.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "proxy/http2/session_callbacks.h"

namespace lp {

namespace {
// So many bytes of frames wait for the kernel before streams keep theirs, and where memory is short.
constexpr std::size_t kMostQueued = 64 * 1024;
constexpr std::size_t kMostQueuedWhenShort = 16 * 1024;
// So many frames wait in nghttp2, besides two of each stream: what a client asks for that reads nothing (answers to
// PING and SETTINGS, resets of what it may not send) costs us more than it costs it.
constexpr std::size_t kMostFrames = 100;
// Of what its streams hold a connection has so much besides limits.buffered, as one of HTTP/1 has: nobody who is alone
// on it fails because others are slow.
constexpr std::size_t kMostBesides = 32 * 1024;
// What a client may send before an app takes it: of one stream, and of all.
constexpr std::int32_t kStreamWindow = 256 * 1024;
constexpr std::int32_t kConnectionWindow = 1024 * 1024;
constexpr std::int64_t kLingerMs = 2000;

std::int64_t now_ms() { return SystemClock().monotonic_ms(); }

ssize_t read_data(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t length, std::uint32_t* flags,
                  nghttp2_data_source* source, void*) {
  return static_cast<Http2Stream*>(source->ptr)->next_data(length, *flags);
}
}  // namespace

Http2Session::Http2Session(const ClientEnvironment& environment, Transport transport, std::string peer_address,
                           EventsSource& events, std::function<void(ClientConnection&)> on_closed)
    : env_(environment),
      transport_(std::move(transport)),
      peer_address_(std::move(peer_address)),
      events_(events),
      on_closed_(std::move(on_closed)),
      session_(Callbacks::make_session(*this)),
      request_head_(env_.head_limits),
      budget_(now_ms()),
      block_memory_(env_.memory),
      unsent_memory_(env_.memory),
      in_(env_.buffers),
      writer_(env_.loop, env_.buffers, [this] { on_writable(); }),
      input_(env_.loop, transport_, [this] { on_readable(); }),
      turn_end_(env_.loop, [this] { on_turn_end(); }),
      next_turn_(env_.loop, [this] { on_turn_end(); }),
      later_(env_.loop, [this] { close(); }),
      deadline_(env_.wheel, [this] { on_deadline(); }),
      head_deadline_(env_.wheel, [this] { end_for(NGHTTP2_ENHANCE_YOUR_CALM); }) {
  writer_.attach(transport_.fd(), transport_.tls());
  submit_settings();
  input_.enable();
  arm_deadline();
  ask_turn_end();
}

// Exchanges speak to their streams when they conclude, and streams to this.
Http2Session::~Http2Session() { streams_.clear(); }

void Http2Session::submit_settings() {
  const auto streams = static_cast<std::uint32_t>(env_.limits.http2_streams);
  const auto head_bytes = static_cast<std::uint32_t>(env_.limits.request_head_bytes);
  const std::array<nghttp2_settings_entry, 5> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, head_bytes},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},  // RFC 8441 3
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},    // RFC 9218 2.1
  }};
  const int settled = nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  const int widened = nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
  LP_CHECK(settled == 0 && widened == 0, "nghttp2 takes our settings");
}

// ---- input ------------------------------------------------------------------------------------------------------

void Http2Session::begin_with(std::string_view early) {
  if (!early.empty()) feed(early);
}

void Http2Session::on_readable() {
  if (phase_ != Phase::open) return drop_input();
  in_.make_room(env_.memory.is_short() ? BufferPool::kSmallBytes : read_bytes_);
  const ReceiveResult got = transport_.receive(in_);
  writer_.send_own_of_tls();
  if (got.kind == ReceiveResult::Kind::again) return in_.release();
  if (got.kind != ReceiveResult::Kind::data) return close();
  read_bytes_ = in_.room() == 0 ? BufferPool::kLargeBytes : BufferPool::kSmallBytes;
  feed(in_.data());
  in_.release();
}

void Http2Session::feed(std::string_view bytes) {
  inside_ = true;
  const ssize_t taken =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  inside_ = false;
  block_.saw(bytes);
  if (head_id_ == 0) request_head_.release();
  ask_turn_end();
  for (const std::int32_t id : std::exchange(batch_, {})) {
    if (Http2Stream* const stream = find(id)) stream->on_batch_end();
  }
  if (taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC) return close();
  watch_block();
  const bool is_flood = taken == NGHTTP2_ERR_FLOODED || budget_.is_used_up();
  if (is_flood || taken < 0) end_for(is_flood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_INTERNAL_ERROR);
}

// One clock for each block, whoever's it is: nothing else that comes or goes starts or stops it (threat D17).
void Http2Session::watch_block() {
  if (!block_.is_open()) block_memory_.release();
  if (!block_.is_open()) return head_deadline_.clear();
  if (!has_room_for_block()) {
    if (Http2Stream* const stream = find(block_.stream())) stream->on_no_memory();
    return end_for(NGHTTP2_ENHANCE_YOUR_CALM);
  }
  if (std::exchange(timed_block_, block_.number()) == block_.number()) return;
  head_deadline_.set_ms(env_.timeouts.request_head_ms);
}

// nghttp2 has a field that is not complete, and may have decoded it; the others are kept up to what a head may be.
bool Http2Session::has_room_for_block() {
  const std::int64_t kept = 2 * std::min(decoded_.bytes(), env_.limits.request_head_bytes);
  return block_memory_.cover(2 * block_.bytes() + static_cast<std::size_t>(kept), peer_address_);
}

void Http2Session::drop_input() {
  const ReceiveResult got = transport_.receive_and_drop();
  if (got.kind == ReceiveResult::Kind::again) return;
  if (got.kind != ReceiveResult::Kind::data) close();
}

Http2Stream* Http2Session::find(std::int32_t id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

Http2Stream& Http2Session::open_stream(std::int32_t id) {
  auto stream = std::make_unique<Http2Stream>(*this, env_, id, events_);
  Http2Stream& opened = *stream;
  streams_.emplace(id, std::move(stream));
  request_head_.start_over();
  head_id_ = id;
  is_unused_ = false;
  arm_deadline();
  return opened;
}

// ---- output -----------------------------------------------------------------------------------------------------

void Http2Session::submit_response(Http2Stream& stream, bool has_body) {
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = read_data;
  const auto& fields = head_fields_.all();
  (void)nghttp2_submit_response(session_.get(), stream.id(), fields.data(), fields.size(),
                                has_body ? &provider : nullptr);
  ask_turn_end();
}

void Http2Session::submit_continue(const Http2Stream& stream) {
  head_fields_.clear();
  head_fields_.add(":status", "100");
  const auto& fields = head_fields_.all();
  (void)nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream.id(), nullptr, fields.data(), fields.size(),
                               nullptr);
  ask_turn_end();
}

void Http2Session::submit_trailers(const Http2Stream& stream, std::string_view lines) {
  head_fields_.clear();
  head_fields_.add_lines(lines);
  const auto& fields = head_fields_.all();
  (void)nghttp2_submit_trailer(session_.get(), stream.id(), fields.data(), fields.size());
}

void Http2Session::submit_reset(const Http2Stream& stream, std::uint32_t code) {
  (void)nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id(), code);
  ask_turn_end();
}

void Http2Session::resume_data(const Http2Stream& stream) {
  (void)nghttp2_session_resume_data(session_.get(), stream.id());
  ask_turn_end();
}

void Http2Session::consume(const Http2Stream& stream, std::size_t of_stream, std::size_t of_connection) {
  if (phase_ == Phase::closed) return;
  if (of_stream > 0) (void)nghttp2_session_consume_stream(session_.get(), stream.id(), of_stream);
  if (of_connection > 0) (void)nghttp2_session_consume_connection(session_.get(), of_connection);
  ask_turn_end();
}

// RFC 9113 5.1. Cheap, for nobody can know at once that we have ended a stream.
void Http2Session::on_late_frame(std::int32_t id) {
  spend(AbuseBudget::Act::empty_data);
  ++late_resets_;
  (void)nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_STREAM_CLOSED);
}

bool Http2Session::takes_as_late(std::uint32_t code) {
  if (code != NGHTTP2_STREAM_CLOSED || late_resets_ == 0) return false;
  --late_resets_;
  return true;
}

void Http2Session::spend(AbuseBudget::Act act) { (void)budget_.spend(act, now_ms()); }

// A frame's head and its bytes, which nobody copies in between.
int Http2Session::send_data(Http2Stream& stream, std::string_view frame_head, std::size_t bytes) {
  if (writer_.unsent_bytes() >= most_queued() && writer_.flush() != SocketWriter::State::drained)
    return NGHTTP2_ERR_WOULDBLOCK;
  writer_.queue(frame_head);
  writer_.queue(stream.unsent().substr(0, bytes));
  stream.sent(bytes);
  given_bytes_ += frame_head.size() + bytes;
  budget_.data_sent();
  return 0;
}

std::size_t Http2Session::most_queued() const { return env_.memory.is_short() ? kMostQueuedWhenShort : kMostQueued; }

void Http2Session::collect_output() {
  if (phase_ != Phase::open) return;
  ask_turn_end();
  if (inside_) return;
  inside_ = true;
  while (writer_.unsent_bytes() < most_queued() || writer_.flush() == SocketWriter::State::drained) {
    const std::uint8_t* frames = nullptr;
    const ssize_t bytes = nghttp2_session_mem_send(session_.get(), &frames);
    if (bytes <= 0) break;
    writer_.queue({reinterpret_cast<const char*>(frames), static_cast<std::size_t>(bytes)});
    given_bytes_ += static_cast<std::size_t>(bytes);
  }
  inside_ = false;
}

void Http2Session::hand_on_later(const Http2Stream& stream) {
  held_.push_back(stream.id());
  ask_turn_end();
}

void Http2Session::tell_drained_later(const Http2Stream& stream) {
  drained_.push_back(stream.id());
  ask_turn_end();
}

void Http2Session::settle_later(const Http2Stream& stream) {
  unsettled_.push_back(stream.id());
  ask_turn_end();
}

void Http2Session::ask_turn_end() {
  if (!ends_turn_) turn_end_.ask();
}

// What is asked for meanwhile is done here too, or in the next turn, after everybody else.
void Http2Session::on_turn_end() {
  if (phase_ == Phase::closed) return;
  ends_turn_ = true;
  finish_turn();
  ends_turn_ = false;
  if (phase_ == Phase::open && !(held_.empty() && drained_.empty() && unsettled_.empty())) next_turn_.start_ms(0);
}

void Http2Session::finish_turn() {
  for (const std::int32_t id : std::exchange(held_, {})) {
    if (Http2Stream* const stream = find(id)) stream->hand_on_held();
  }
  collect_output();
  for (const std::int32_t id : std::exchange(drained_, {})) {
    if (Http2Stream* const stream = find(id)) stream->tell_drained();
  }
  collect_output();
  if (budget_.is_used_up() && phase_ == Phase::open) return end_for(NGHTTP2_ENHANCE_YOUR_CALM);
  settle_streams();
  const std::size_t most_frames = kMostFrames + 2 * static_cast<std::size_t>(env_.limits.http2_streams);
  if (nghttp2_session_get_outbound_queue_size(session_.get()) > most_frames) return close();
  after_write(writer_.flush());
  if (phase_ != Phase::open || !is_over()) return;
  lose_streams();
  close_when_sent();
}

bool Http2Session::has_room_besides() const {
  std::size_t bytes = 0;
  for (const auto& [id, stream] : streams_) bytes += stream->bytes_besides();
  return bytes <= kMostBesides;
}

void Http2Session::settle_streams() {
  if (unsettled_.empty()) return;
  for (const std::int32_t id : std::exchange(unsettled_, {})) {
    if (Http2Stream* const stream = find(id)) stream->settle();
  }
  collect_output();
}

// By our own word, or by nghttp2's, which ends what breaks its rules and does not want to hear of streams then.
bool Http2Session::is_over() const {
  const bool wants_nothing =
      nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
  return wants_nothing || (told_last_ && streams_.empty());
}

void Http2Session::after_write(SocketWriter::State state) {
  if (phase_ == Phase::closed) return;
  if (state == SocketWriter::State::failed) return later_.start_ms(0);
  if (state == SocketWriter::State::drained) {
    writer_.give_back_idle_memory();
    unsent_memory_.release();
    if (std::exchange(is_blocked_, false)) arm_deadline();
    if (phase_ == Phase::closing) finish_closing();
    return;
  }
  if (!std::exchange(is_blocked_, true)) arm_deadline();
  if (env_.memory.is_short()) writer_.trim();  // then it is no more than a connection may have besides
  (void)unsent_memory_.cover(writer_.held_bytes(), peer_address_, MemoryUse::waits_without);
}

void Http2Session::on_writable() {
  const SocketWriter::State state = writer_.resume();
  if (state == SocketWriter::State::failed) return close();
  if (state == SocketWriter::State::drained) ask_turn_end();
  after_write(state);
}

std::size_t Http2Session::untaken_bytes() const {
  return streams_.size() > 1 ? 0 : writer_.unsent_bytes() + lp::untaken_bytes(transport_.fd());
}

std::string Http2Session::new_websocket_key() { return base64_encode(random_bytes(16)); }

// ---- ends -------------------------------------------------------------------------------------------------------

void Http2Session::stream_closed(std::int32_t id) {
  Http2Stream* const stream = find(id);
  if (stream == nullptr) return;
  stream->on_closed();
  if (stream->is_done()) forget(*stream);
}

void Http2Session::forget(Http2Stream& stream) {
  if (head_id_ == stream.id()) head_id_ = 0;
  auto node = streams_.extract(stream.id());
  if (node.empty()) return;
  env_.loop.defer_delete(std::move(node.mapped()));
  holds_up_ = holds_up_ && !streams_.empty();
  if (streams_.empty()) arm_deadline();
  ask_turn_end();
}

void Http2Session::lose_streams() {
  auto lost = std::exchange(streams_, {});
  for (auto& [id, stream] : lost) stream->on_closed_with_connection();
  for (auto& [id, stream] : lost) env_.loop.defer_delete(std::move(stream));
}

// RFC 9113 6.8: what is on its way when the client hears of it still counts; one way and back later all of that is
// here.
void Http2Session::drain() {
  if (phase_ != Phase::open || std::exchange(draining_, true)) return;
  (void)nghttp2_submit_shutdown_notice(session_.get());
  (void)nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
  ask_turn_end();
}

void Http2Session::tell_last() {
  if (std::exchange(told_last_, true)) return;
  (void)nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR, nullptr, 0);
  ask_turn_end();
}

void Http2Session::end_for(std::uint32_t code) {
  if (phase_ != Phase::open) return;
  lose_streams();
  (void)nghttp2_session_terminate_session(session_.get(), code);
  collect_output();
  close_when_sent();
}

bool Http2Session::close_if_idle() {
  if (!idle_ms() || transport_.has_unread_input()) return false;
  tell_last();
  collect_output();
  close_when_sent();
  return true;
}

void Http2Session::close_when_sent() {
  phase_ = Phase::closing;
  arm_deadline();
  after_write(writer_.flush());
}

// Closing with unread input makes the kernel send a reset, which can destroy what is on its way.
void Http2Session::finish_closing() {
  writer_.say_end();
  ::shutdown(transport_.fd(), SHUT_WR);
  phase_ = Phase::lingering;
  in_.release();
  arm_deadline();
}

void Http2Session::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  deadline_.clear();
  head_deadline_.clear();
  later_.stop();
  next_turn_.stop();
  input_.disable();
  lose_streams();
  writer_.close();
  transport_.close();
  block_memory_.release();
  unsent_memory_.release();
  on_closed_(*this);
}

std::optional<std::int64_t> Http2Session::idle_ms() const {
  const bool waits = phase_ == Phase::open && streams_.empty() && writer_.unsent_bytes() == 0;
  if (!waits || head_deadline_.is_set()) return std::nullopt;
  return std::max<std::int64_t>(patience_ms() - deadline_.left_ms(), 0);
}

bool Http2Session::is_busy() const {
  if (phase_ == Phase::closed || phase_ == Phase::lingering) return false;
  const bool has_requests =
      std::any_of(streams_.begin(), streams_.end(), [](const auto& one) { return !one.second->is_tunnel(); });
  const bool is_half_here = head_deadline_.is_set() || transport_.has_unread_input();
  return has_requests || writer_.unsent_bytes() > 0 || (phase_ == Phase::open && is_half_here);
}

// ---- time -------------------------------------------------------------------------------------------------------

std::int64_t Http2Session::patience_ms() const {
  if (is_unused_) return std::min(env_.timeouts.first_byte_ms, env_.timeouts.idle_connection_ms);
  return env_.timeouts.idle_connection_ms;
}

// Streams have clocks of their own.
void Http2Session::arm_deadline() {
  switch (phase_) {
    case Phase::open:
      if (is_blocked_ || holds_up_) return watch_pace();
      pace_look_ms_ = 0;
      if (streams_.empty()) return deadline_.set_ms(patience_ms());
      return deadline_.clear();
    case Phase::closing:
      return watch_pace();
    case Phase::lingering:
      pace_look_ms_ = 0;
      return deadline_.set_ms(kLingerMs);
    case Phase::closed:
      return;
  }
}

bool Http2Session::holds_up(const Http2Stream& stream) {
  const bool has_window = nghttp2_session_get_stream_remote_window_size(session_.get(), stream.id()) > 0;
  if (!has_window && !is_blocked_ && lp::untaken_bytes(transport_.fd()) == 0) return false;
  holds_up_ = true;
  arm_deadline();
  return true;
}

void Http2Session::watch_pace() {
  if (pace_look_ms_ > 0) return;
  pace_.begin();
  knows_taken_ = false;
  pace_look_ms_ = Pace::look_ms(pace_terms());
  deadline_.set_ms(pace_look_ms_);
}

// Of all streams that wait the longest patience, and one rate for all: it is one line.
PaceTerms Http2Session::pace_terms() const {
  PaceTerms terms{0, 0, env_.timeouts.rate_window_ms};
  for (const auto& [id, stream] : streams_) {
    if (stream->unsent_bytes() == 0) continue;
    const PaceTerms of_stream = stream->pace_terms();
    terms.silence_ms = std::max(terms.silence_ms, of_stream.silence_ms);
    terms.bytes_per_s = std::max(terms.bytes_per_s, of_stream.bytes_per_s);
  }
  if (terms.silence_ms > 0) return terms;
  return {env_.timeouts.body_idle_ms, std::max<std::int64_t>(env_.limits.minimum_rate, 0),
          env_.timeouts.rate_window_ms};
}

// True: it is looked at again, or nobody waits any more.
bool Http2Session::keeps_pace() {
  const bool waits =
      is_blocked_ || phase_ == Phase::closing ||
      std::any_of(streams_.begin(), streams_.end(), [](const auto& one) { return one.second->unsent_bytes() > 0; });
  const auto next =
      !waits || learns_how_much_is_taken() ? Pace::look_ms(pace_terms()) : pace_.look(pace_terms(), pace_look_ms_);
  pace_look_ms_ = waits ? next.value_or(0) : 0;
  holds_up_ = holds_up_ && waits && next.has_value();
  if (!waits)
    arm_deadline();
  else if (next)
    deadline_.set_ms(*next);
  return next.has_value();
}

// The kernel may hold megabytes: what counts is what has got there. The first look finds out where it stands, and
// judges nothing.
bool Http2Session::learns_how_much_is_taken() {
  const std::uint64_t on_its_way = writer_.unsent_bytes() + lp::untaken_bytes(transport_.fd());
  const std::uint64_t taken = std::max(taken_bytes_, given_bytes_ - std::min(given_bytes_, on_its_way));
  const std::uint64_t before = std::exchange(taken_bytes_, taken);
  const bool is_first = !std::exchange(knows_taken_, true);
  if (is_first) pace_.begin();
  if (!is_first) pace_.moved(taken - before);
  return is_first;
}

void Http2Session::end_waiting_streams() {
  std::vector<std::int32_t> waiting;
  for (const auto& [id, stream] : streams_) {
    if (stream->unsent_bytes() > 0) waiting.push_back(id);
  }
  for (const std::int32_t id : waiting) {
    if (Http2Stream* const stream = find(id)) stream->break_off(NGHTTP2_CANCEL);
  }
  arm_deadline();
}

// Where the kernel takes no more, streams cannot even be ended.
void Http2Session::on_deadline() {
  if (pace_look_ms_ > 0) {
    if (keeps_pace()) return;
    if (phase_ != Phase::open || is_blocked_) return close();
    return end_waiting_streams();
  }
  if (phase_ == Phase::open && !is_unused_) {
    tell_last();
    collect_output();
    return close_when_sent();
  }
  close();
}

}  // namespace lp
