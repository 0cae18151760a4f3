#include "proxy/http2/upstream.h"

#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/check.h"

namespace lp {
namespace {

// Of an answer that its client does not take, so much comes all the same; of one that has begun to, as much as with one
// read of HTTP/1.
constexpr std::int32_t kFirstStreamWindow = 4 * 1024;
constexpr std::int32_t kStreamWindow = 128 * 1024;
// Taken at once, whoever it is for: one slow client must not hold up the others. What is held, streams bound.
constexpr std::int32_t kConnectionWindow = 16 * 1024 * 1024;
constexpr std::uint32_t kMostHeadBytes = 256 * 1024;
constexpr std::size_t kMostSendHeadBytes = 256 * 1024;
// Before the app has said how many it takes (RFC 9113 6.5.2 advises no less), and what we put on one connection of an
// app that takes any number.
constexpr std::size_t kExpectedStreams = 100;
constexpr std::size_t kMostStreams = 1000;
// Servers end connections on which too much is begun and given up (nghttp2: 1,000 at once), with all that goes on
// there: those who do it must not end it for the others.
constexpr int kMostGivenUp = 500;
// So much is written ahead of the kernel.
constexpr std::size_t kHighWaterBytes = 64 * 1024;

constexpr std::size_t kFrameHeadBytes = 9;
constexpr char kSettingsFrame = 4;

void erase(std::vector<Http2UpstreamStream*>& list, const Http2UpstreamStream& stream) { std::erase(list, &stream); }

}  // namespace

// ---- what nghttp2 calls -----------------------------------------------------------------------------------------

struct Http2UpstreamCallbacks {
  static Http2Upstream& self(void* user) { return *static_cast<Http2Upstream*>(user); }
  // Null: nobody wants to hear of it any more.
  static Http2UpstreamStream* stream(nghttp2_session* session, std::int32_t id) {
    return static_cast<Http2UpstreamStream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame*, void* user) {
    self(user).fields_.clear();
    return 0;
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_bytes, const std::uint8_t* value, std::size_t value_bytes, std::uint8_t,
                       void* user) {
    Http2UpstreamStream* const one = stream(session, frame->hd.stream_id);
    if (one == nullptr) return 0;
    const bool has_place = self(user).fields_.add({reinterpret_cast<const char*>(name), name_bytes},
                                                  {reinterpret_cast<const char*>(value), value_bytes});
    if (has_place) return 0;
    one->broken_why_ = "a head of more than 256 KiB or 1000 fields";
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_invalid_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t*, std::size_t,
                               const std::uint8_t*, std::size_t, std::uint8_t, void*) {
    Http2UpstreamStream* const one = stream(session, frame->hd.stream_id);
    if (one != nullptr) one->broken_why_ = "a field that HTTP/2 forbids";
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2Upstream& connection = self(user);
    switch (frame->hd.type) {
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) note_settings(connection);
        return 0;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) connection.is_there();
        return 0;
      case NGHTTP2_GOAWAY:
        connection.goodbye_is_here();
        return 0;
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA:
        if (Http2UpstreamStream* const one = stream(session, frame->hd.stream_id)) on_message(connection, *one, *frame);
        return 0;
      default:
        return 0;
    }
  }

  static void note_settings(Http2Upstream& connection) {
    const std::uint32_t most =
        nghttp2_session_get_remote_settings(connection.session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    connection.most_streams_ = std::min<std::size_t>(most, kMostStreams);
  }

  static void on_message(Http2Upstream& connection, Http2UpstreamStream& one, const nghttp2_frame& frame) {
    const bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame.hd.type == NGHTTP2_HEADERS && one.has_head_)
      connection.trailers_are_here(one);
    else if (frame.hd.type == NGHTTP2_HEADERS)
      connection.head_is_here(one, ends);
    if (!ends || one.events_ == nullptr) return;
    one.answer_ended_ = true;
    one.arm_deadline();
    one.events_->on_response_end();
  }

  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t count, void* user) {
    nghttp2_session_consume_connection(session, count);
    Http2UpstreamStream* const one = stream(session, id);
    if (one == nullptr || one->events_ == nullptr) {
      nghttp2_session_consume_stream(session, id, count);
      return 0;
    }
    one->untaken_bytes_ += count;
    self(user).note_batch(*one);
    one->events_->on_response_body({reinterpret_cast<const char*>(bytes), count});
    return 0;
  }

  static int on_invalid_frame(nghttp2_session* session, const nghttp2_frame* frame, int error, void*) {
    Http2UpstreamStream* const one = stream(session, frame->hd.stream_id);
    if (one != nullptr && one->broken_why_ == nullptr) one->broken_why_ = nghttp2_strerror(error);
    return 0;
  }

  static int on_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    const bool complains = frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR;
    if (complains) self(user).broken_why_ = nghttp2_http2_strerror(frame->goaway.error_code);
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t code, void* user) {
    Http2UpstreamStream* const one = stream(session, id);
    if (one != nullptr) self(user).stream_closed(*one, code);
    self(user).stream_is_over();
    return 0;
  }

  // What is to be sent stays where it is, until send_body() takes it.
  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t*, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source*, void*) {
    Http2UpstreamStream* const one = stream(session, id);
    if (one == nullptr || (one->out_.empty() && !one->request_ended_)) return NGHTTP2_ERR_DEFERRED;
    const std::size_t bytes = std::min(room, one->out_.size());
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (bytes < one->out_.size() || !one->request_ended_) return static_cast<ssize_t>(bytes);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (one->trailers_.size() > 0) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const auto& fields = one->trailers_.all();
      nghttp2_submit_trailer(session, id, fields.data(), fields.size());
    }
    one->end_is_sent_ = true;
    return static_cast<ssize_t>(bytes);
  }

  static int send_body(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* head, std::size_t bytes,
                       nghttp2_data_source*, void* user) {
    Http2Upstream& connection = self(user);
    SocketWriter& writer = connection.writer_;
    const bool is_full = writer.unsent_bytes() > kHighWaterBytes && writer.flush() != SocketWriter::State::drained;
    if (is_full) return NGHTTP2_ERR_WOULDBLOCK;
    Http2UpstreamStream* const one = stream(session, frame->hd.stream_id);
    if (one == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    writer.queue({reinterpret_cast<const char*>(head), kFrameHeadBytes});
    writer.queue(one->out_.data().substr(0, bytes));
    one->out_.consume(bytes);
    one->arm_deadline();
    if (!one->out_.empty()) return 0;
    one->out_.release();
    if (std::exchange(one->is_blocked_, false)) connection.drained_.push_back(one);
    return 0;
  }

  static const nghttp2_session_callbacks* all() {
    static const nghttp2_session_callbacks* const made = [] {
      nghttp2_session_callbacks* callbacks = nullptr;
      LP_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0, "no memory for nghttp2");
      nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
      nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, &on_invalid_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, &on_invalid_frame);
      nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, &on_sent);
      nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_stream_close);
      nghttp2_session_callbacks_set_send_data_callback(callbacks, &send_body);
      return callbacks;
    }();
    return made;
  }

  static const nghttp2_option* options() {
    static const nghttp2_option* const made = [] {
      nghttp2_option* option = nullptr;
      LP_CHECK(nghttp2_option_new(&option) == 0, "no memory for nghttp2");
      nghttp2_option_set_no_auto_window_update(option, 1);
      nghttp2_option_set_max_send_header_block_length(option, kMostSendHeadBytes);
      nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1);
      return option;
    }();
    return made;
  }
};

// ---- connecting -------------------------------------------------------------------------------------------------

Http2Upstream::Http2Upstream(const UpstreamEnvironment& environment, Owner& owner)
    : environment_(environment),
      owner_(owner),
      writer_(environment.loop, environment.buffers, [this] { on_writable(); }),
      deadline_(environment.wheel, [this] { on_deadline(); }),
      write_(environment.loop, [this] { write(); }),
      in_(environment.buffers) {}

Http2Upstream::~Http2Upstream() { nghttp2_session_del(session_); }

void Http2Upstream::connect() {
  Connector::Owner& owner = *this;
  connector_ = std::make_unique<Connector>(environment_, transport_, writer_, owner);
  connector_->start();
}

void Http2Upstream::connect_failed(ConnectFailure failure, const std::string& why) {
  if (!why.empty()) owner_.tls_failed(why);
  fail(error_of(failure));
}

void Http2Upstream::connected() {
  environment_.loop.defer_delete(std::move(connector_));
  phase_ = Phase::greeting;
  deadline_.set_ms(environment_.settings.connect_timeout_ms);
  open_session();
  readable_.emplace(environment_.loop, transport_, [this] { on_readable(); });
  readable_->enable();
  write();
}

void Http2Upstream::open_session() {
  LP_CHECK(nghttp2_session_client_new2(&session_, Http2UpstreamCallbacks::all(), this,
                                       Http2UpstreamCallbacks::options()) == 0,
           "no memory for nghttp2");
  const std::array<nghttp2_settings_entry, 4> ours{{{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                                    {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0},
                                                    {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kFirstStreamWindow},
                                                    {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMostHeadBytes}}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, ours.data(), ours.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

// Those that are too many go elsewhere. An app that takes none at all would be asked for ever.
void Http2Upstream::greeted() {
  phase_ = Phase::ready;
  deadline_.clear();
  std::vector<Http2UpstreamStream*> others;
  if (held_.size() > *most_streams_) {
    others.assign(held_.begin() + static_cast<std::ptrdiff_t>(*most_streams_), held_.end());
    held_.resize(*most_streams_);
  }
  streams_ -= others.size();
  for (Http2UpstreamStream* stream : held_) wants_to_write(*stream);
  for (Http2UpstreamStream* stream : others) stream->connection_ = nullptr;
  for (Http2UpstreamStream* stream : others) {
    if (*most_streams_ == 0)
      stream->fail(UpstreamError::refused_stream);
    else if (stream->events_ != nullptr)
      owner_.left_over(*stream);
  }
}

// ---- streams ----------------------------------------------------------------------------------------------------

std::size_t Http2Upstream::room() const {
  if (phase_ == Phase::closed || is_leaving_ || is_suspect_) return 0;
  const std::size_t most = most_streams_.value_or(kExpectedStreams);
  return most > streams_ ? most - streams_ : 0;
}

bool Http2Upstream::looks_alive() const {
  char byte = 0;
  if (readable_->is_due() || transport_.has_pending()) return false;
  const ssize_t n = ::recv(transport_.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Http2Upstream::add(Http2UpstreamStream& stream) {
  stream.joins(*this, phase_ == Phase::ready);
  held_.push_back(&stream);
  if (streams_++ == 0 && phase_ == Phase::ready && !is_suspect_) deadline_.clear();
  if (phase_ == Phase::ready) wants_to_write(stream);
}

void Http2Upstream::wants_to_write(Http2UpstreamStream& stream) {
  if (phase_ != Phase::ready) return;
  if (!std::exchange(stream.is_dirty_, true)) dirty_.push_back(&stream);
  write_soon();
}

void Http2Upstream::submit_or_go_on(Http2UpstreamStream& stream) {
  if (stream.events_ == nullptr || stream.fails_) return;
  if (stream.id_ == 0) return stream.head_.size() > 0 ? submit(stream) : void();
  const bool has_more = !stream.out_.empty() || stream.request_ended_;
  if (has_more && !stream.end_is_sent_) nghttp2_session_resume_data(session_, stream.id_);
}

// A body that was announced ends with DATA, also where it is empty: servers of gRPC wait for that.
void Http2Upstream::submit(Http2UpstreamStream& stream) {
  nghttp2_data_provider body{};
  body.read_callback = &Http2UpstreamCallbacks::read_body;
  const auto& fields = stream.head_.all();
  stream.end_is_sent_ = !stream.has_body_;
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                                 stream.end_is_sent_ ? nullptr : &body, &stream);
  if (id < 0) {  // no number is left: another connection has some
    is_leaving_ = true;
    return stream.fail(UpstreamError::refused_stream);
  }
  stream.id_ = id;
  stream.head_.release();
  stream.arm_deadline();
}

void Http2Upstream::took_body(Http2UpstreamStream& stream, std::size_t bytes) {
  if (session_ == nullptr || stream.id_ == 0 || bytes == 0) return;
  nghttp2_session_consume_stream(session_, stream.id_, bytes);
  write_soon();
}

// One whose answer is complete needs no more of its request (RFC 9113 8.1).
void Http2Upstream::let_go(Http2UpstreamStream& stream) {
  forget(stream);
  write_soon();
  if (stream.id_ == 0) return stream_is_over();
  nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
  if (stream.answer_ended_ && stream.end_is_sent_ && stream.out_.empty()) return;
  note_given_up();
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_,
                            stream.answer_ended_ ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
}

// With max_connections there may be no other that takes its place: then who gives up on purpose would take the app from
// everybody for as long as one stream lives here. An app that ends it instead is asked on a new one.
void Http2Upstream::note_given_up() {
  const bool may_be_replaced = environment_.settings.max_connections == kUnlimited;
  if (++given_up_ >= kMostGivenUp && may_be_replaced) is_leaving_ = true;
}

void Http2Upstream::goodbye_is_here() {
  is_leaving_ = true;
  if (!std::exchange(app_has_left_, true)) owner_.app_leaves();
}

void Http2Upstream::forget(Http2UpstreamStream& stream) {
  stream.connection_ = nullptr;
  for (auto* list : {&held_, &dirty_, &drained_, &batch_}) erase(*list, stream);
}

void Http2Upstream::stream_closed(Http2UpstreamStream& stream, std::uint32_t code) {
  const std::int32_t id = stream.id_;
  forget(stream);
  nghttp2_session_set_stream_user_data(session_, id, nullptr);
  if (stream.answer_ended_) return;
  if (code == NGHTTP2_REFUSED_STREAM) return stream.fail(UpstreamError::refused_stream);
  if (stream.broken_why_ != nullptr) return stream.fail(UpstreamError::nonsense, stream.broken_why_);
  stream.fail(UpstreamError::reset, nghttp2_http2_strerror(code));
}

void Http2Upstream::stream_is_over() {
  --streams_;
  write_soon();  // which tells the owner
}

// ---- reading ----------------------------------------------------------------------------------------------------

void Http2Upstream::on_readable() {
  in_.make_room(read_bytes_);
  const ReceiveResult got = transport_.receive(in_);
  writer_.send_own_of_tls();
  if (got.kind == ReceiveResult::Kind::again) return in_.release();
  if (got.kind != ReceiveResult::Kind::data) return fail(UpstreamError::lost);
  if (phase_ == Phase::greeting && !begins_as_http2()) return fail(UpstreamError::not_http2);
  read_bytes_ = in_.room() == 0 ? BufferPool::kLargeBytes : BufferPool::kSmallBytes;
  is_reading_ = true;
  const std::string_view bytes = in_.data();
  const ssize_t read =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  is_reading_ = false;
  in_.release();
  if (phase_ == Phase::closed) return;
  if (read < 0) return fail(UpstreamError::nonsense, nghttp2_strerror(static_cast<int>(read)));
  if (phase_ == Phase::greeting && most_streams_) greeted();
  end_batch();
  if (phase_ != Phase::closed) write();
}

// RFC 9113 3.4: SETTINGS come first. Who speaks something else mostly says so in words.
bool Http2Upstream::begins_as_http2() const {
  const std::string_view bytes = in_.data();
  return bytes.size() < 4 || bytes[3] == kSettingsFrame;
}

void Http2Upstream::head_is_here(Http2UpstreamStream& stream, bool ends) {
  const auto error = response_of_h2_fields(fields_.all(), ends, stream.method_, response_);
  if (error) return stream.fail(UpstreamError::nonsense, error->rule);
  if (response_.head.status < 200) return stream.take_interim();
  stream.has_head_ = true;
  note_batch(stream);
  stream.events_->on_response(response_);
}

void Http2Upstream::trailers_are_here(Http2UpstreamStream& stream) {
  Fields trailers;
  const auto error = trailers_of_h2_fields(fields_.all(), trailers);
  if (error) return stream.fail(UpstreamError::nonsense, error->rule);
  stream.events_->on_response_trailers(trailers);
}

void Http2Upstream::note_batch(Http2UpstreamStream& stream) {
  if (!std::exchange(stream.is_in_batch_, true)) batch_.push_back(&stream);
}

// Who lets go meanwhile is deleted at the end of the turn.
void Http2Upstream::end_batch() {
  for (Http2UpstreamStream* stream : std::exchange(batch_, {})) {
    stream->is_in_batch_ = false;
    if (stream->events_ == nullptr) continue;
    stream->arm_deadline();
    stream->events_->on_response_batch_end();
    if (stream->connection_ == this && !stream->is_paused_) give_room(*stream);
  }
}

// Its client has taken all that came, and has begun to where there was something.
void Http2Upstream::give_room(Http2UpstreamStream& stream) {
  const std::size_t taken = std::exchange(stream.untaken_bytes_, 0);
  if (stream.answer_ended_ || taken == 0) return;
  took_body(stream, taken);
  if (!std::exchange(stream.is_wide_, true))
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, stream.id_, kStreamWindow);
}

// ---- writing ----------------------------------------------------------------------------------------------------

// Once for all that this turn has brought.
void Http2Upstream::write_soon() {
  if (phase_ != Phase::closed) write_.ask();
}

void Http2Upstream::on_writable() {
  const SocketWriter::State state = writer_.resume();
  if (session_ != nullptr && state == SocketWriter::State::drained) write();
}

void Http2Upstream::write() {
  if (session_ == nullptr || phase_ == Phase::closed) return;
  for (Http2UpstreamStream* stream : std::exchange(dirty_, {})) {
    stream->is_dirty_ = false;
    if (stream->connection_ == this) submit_or_go_on(*stream);
  }
  write_frames();
  tell_drained();
  if (phase_ == Phase::closed) return;
  if (is_over()) return fail(broken_why_ != nullptr ? UpstreamError::nonsense : UpstreamError::lost, broken_why_);
  if (phase_ != Phase::ready) return;
  if (streams_ == 0) rest();
  if (phase_ == Phase::ready) owner_.has_room(*this);
}

void Http2Upstream::write_frames() {
  for (;;) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t count = nghttp2_session_mem_send(session_, &bytes);
    if (count <= 0) break;
    writer_.queue({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count)});
    if (writer_.unsent_bytes() > kHighWaterBytes && writer_.flush() != SocketWriter::State::drained) break;
  }
  // What cannot be written is no end yet: reading tells what the app has said before it closed.
  if (writer_.flush() == SocketWriter::State::drained) writer_.give_back_idle_memory();
}

void Http2Upstream::tell_drained() {
  for (Http2UpstreamStream* stream : std::exchange(drained_, {})) {
    if (stream->events_ != nullptr) stream->events_->on_upstream_drained();
  }
}

// ---- ends -------------------------------------------------------------------------------------------------------

// It has gone away, and all that it took is answered; or it broke HTTP/2, and has been told.
bool Http2Upstream::is_over() const {
  return (is_leaving_ && streams_ == 0) ||
         (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0);
}

void Http2Upstream::rest() {
  if (!is_suspect_ && !deadline_.is_set()) deadline_.set_ms(environment_.settings.idle_time_ms);
  owner_.is_idle(*this);
}

// A host that has vanished says nothing, and would get all that comes next. Who answers a PING is there.
void Http2Upstream::is_silent() {
  if (phase_ != Phase::ready || is_suspect_) return;
  is_suspect_ = true;
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  deadline_.set_ms(environment_.settings.connect_timeout_ms);
  write_soon();
}

void Http2Upstream::is_there() {
  if (std::exchange(is_suspect_, false)) deadline_.clear();
}

void Http2Upstream::on_deadline() {
  if (phase_ == Phase::greeting) return fail(UpstreamError::connect_timeout);
  if (is_suspect_) return fail(UpstreamError::lost);
  if (streams_ == 0) close_quietly();
}

void Http2Upstream::close_quietly() {
  if (phase_ == Phase::closed) return;
  if (session_ != nullptr && !is_reading_) {
    nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
    write_frames();
    writer_.say_end();
  }
  close();
}

void Http2Upstream::fail(UpstreamError error, const char* why) {
  const std::vector<Http2UpstreamStream*> told = held_;
  close();
  for (Http2UpstreamStream* stream : told) {
    if (stream->events_ != nullptr) stream->fail(error, why);
  }
}

void Http2Upstream::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  if (connector_) connector_->stop();
  environment_.loop.defer_delete(std::move(connector_));
  deadline_.clear();
  if (readable_) readable_->disable();
  writer_.close();
  transport_.close();
  for (Http2UpstreamStream* stream : held_) stream->connection_ = nullptr;
  for (auto* list : {&held_, &dirty_, &drained_, &batch_}) list->clear();
  owner_.remove(*this);
}

}  // namespace lp
