#include "proxy/http2/session_callbacks.h"

#include "base/check.h"

namespace lp {

namespace {
using Act = AbuseBudget::Act;

Http2Session& of(void* session) { return *static_cast<Http2Session*>(session); }
std::string_view text(const std::uint8_t* bytes, std::size_t count) {
  return {reinterpret_cast<const char*>(bytes), count};
}
bool ends_stream(const nghttp2_frame& frame) { return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0; }
bool is_ack(const nghttp2_frame& frame) { return (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0; }
bool begins_request(const nghttp2_frame& frame) {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}
// Resets that nghttp2 sends by itself, because of what the client did. Ours have other codes.
bool is_for_violation(std::uint32_t code) {
  return code == NGHTTP2_PROTOCOL_ERROR || code == NGHTTP2_FLOW_CONTROL_ERROR || code == NGHTTP2_STREAM_CLOSED ||
         code == NGHTTP2_FRAME_SIZE_ERROR;
}
}  // namespace

const nghttp2_session_callbacks* Http2Session::Callbacks::table() {
  static const nghttp2_session_callbacks* const made = [] {
    nghttp2_session_callbacks* callbacks = nullptr;
    LP_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0, "out of memory");
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, &on_begin_frame);
    nghttp2_session_callbacks_set_unpack_extension_callback(callbacks, &on_unknown_frame);
    nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(callbacks, &on_unknown_bytes);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, &on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, &on_frame_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, &on_frame_not_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, &send_data);
    return callbacks;
  }();
  return made;
}

const nghttp2_option* Http2Session::Callbacks::options() {
  static const nghttp2_option* const made = [] {
    constexpr std::size_t kMostAnswerHead = 1024 * 1024;
    nghttp2_option* option = nullptr;
    LP_CHECK(nghttp2_option_new(&option) == 0, "out of memory");
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_send_header_block_length(option, kMostAnswerHead);
    for (unsigned type = NGHTTP2_CONTINUATION + 1; type <= 0xff; ++type)
      nghttp2_option_set_user_recv_extension_type(option, static_cast<std::uint8_t>(type));
    return option;
  }();
  return made;
}

std::unique_ptr<nghttp2_session, Http2Session::SessionDeleter> Http2Session::Callbacks::make_session(
    Http2Session& session) {
  nghttp2_session* made = nullptr;
  LP_CHECK(nghttp2_session_server_new2(&made, table(), &session, options()) == 0, "out of memory");
  return std::unique_ptr<nghttp2_session, SessionDeleter>(made);
}

// ---- what comes -------------------------------------------------------------------------------------------------

// Of a PRIORITY that it does not look at (RFC 9218 2.1), and of frames for streams that are over, nghttp2 tells nothing
// else. The latter may have been on their way when we ended the stream.
int Http2Session::Callbacks::on_begin_frame(nghttp2_session* nghttp2, const nghttp2_frame_hd* head, void* of_session) {
  Http2Session& session = of(of_session);
  if (head->type == NGHTTP2_PRIORITY) session.spend(Act::priority);
  if (head->type == NGHTTP2_PRIORITY && head->stream_id == 0)
    (void)nghttp2_session_terminate_session(nghttp2, NGHTTP2_PROTOCOL_ERROR);
  const bool is_of_message = head->type == NGHTTP2_HEADERS || head->type == NGHTTP2_DATA;
  const bool is_known = head->stream_id > nghttp2_session_get_last_proc_stream_id(nghttp2) ||
                        nghttp2_session_find_stream(nghttp2, head->stream_id) != nullptr;
  if (is_of_message && !is_known && head->stream_id % 2 == 1) session.on_late_frame(head->stream_id);
  return 0;
}

// Nothing is known of it (RFC 9113 5.5): it is counted.
int Http2Session::Callbacks::on_unknown_frame(nghttp2_session*, void**, const nghttp2_frame_hd*, void* session) {
  of(session).spend(Act::priority);
  return NGHTTP2_ERR_CANCEL;
}

int Http2Session::Callbacks::on_unknown_bytes(nghttp2_session*, const nghttp2_frame_hd*, const std::uint8_t*,
                                              std::size_t, void*) {
  return 0;
}

int Http2Session::Callbacks::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* of_session) {
  Http2Session& session = of(of_session);
  if (session.budget_.is_used_up()) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  session.decoded_.begin();
  if (begins_request(*frame)) session.open_stream(frame->hd.stream_id);
  return 0;
}

int Http2Session::Callbacks::on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                                       std::size_t name_bytes, const std::uint8_t* value, std::size_t value_bytes,
                                       std::uint8_t, void* of_session) {
  Http2Session& session = of(of_session);
  if (!session.decoded_.add(name_bytes + value_bytes, session.env_.limits.request_head_bytes)) {
    session.spend(Act::bomb);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  if (begins_request(*frame)) {
    if (session.head_id_ == frame->hd.stream_id)
      session.request_head_.add(text(name, name_bytes), text(value, value_bytes));
  } else if (Http2Stream* const stream = session.find(frame->hd.stream_id)) {
    stream->on_trailer(text(name, name_bytes), text(value, value_bytes));
  }
  return 0;
}

// Else nghttp2 would leave the field out and go on.
int Http2Session::Callbacks::on_invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
                                               const std::uint8_t*, std::size_t, std::uint8_t, void*) {
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int Http2Session::Callbacks::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* of_session) {
  Http2Session& session = of(of_session);
  if (frame->hd.type == NGHTTP2_HEADERS) {
    on_fields(session, *frame);
    return 0;
  }
  if (frame->hd.type != NGHTTP2_DATA) {
    on_other_frame(session, *frame);
    return 0;
  }
  if (frame->hd.length == frame->data.padlen && !ends_stream(*frame)) session.spend(Act::empty_data);
  Http2Stream* const stream = session.find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  if (ends_stream(*frame)) stream->on_input_end();
  session.batch_.push_back(frame->hd.stream_id);
  return 0;
}

void Http2Session::Callbacks::on_fields(Http2Session& session, const nghttp2_frame& frame) {
  Http2Stream* const stream = session.find(frame.hd.stream_id);
  if (stream == nullptr) return;
  session.batch_.push_back(frame.hd.stream_id);
  if (begins_request(frame)) {
    session.budget_.request_came();
    session.head_id_ = 0;
    return stream->on_head_complete(session.request_head_, ends_stream(frame));
  }
  stream->on_trailers_complete();
}

void Http2Session::Callbacks::on_other_frame(Http2Session& session, const nghttp2_frame& frame) {
  switch (frame.hd.type) {
    case NGHTTP2_SETTINGS:
      if (!is_ack(frame)) session.spend(Act::settings);
      session.is_unused_ = false;
      return;
    case NGHTTP2_PING:
      if (!is_ack(frame)) return session.spend(Act::ping);
      if (session.draining_) session.tell_last();
      return;
    case NGHTTP2_WINDOW_UPDATE:
      return session.spend(Act::window_update);
    case NGHTTP2_RST_STREAM:
      if (Http2Stream* const stream = session.find(frame.hd.stream_id); stream != nullptr && !stream->is_done())
        session.spend(Act::reset);
      return;
    default:
      return;
  }
}

int Http2Session::Callbacks::on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                                     std::size_t count, void* of_session) {
  Http2Session& session = of(of_session);
  if (Http2Stream* const stream = session.find(id))
    stream->on_data(text(bytes, count));
  else
    (void)nghttp2_session_consume(session.session_.get(), id, count);
  return 0;
}

int Http2Session::Callbacks::on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* of_session) {
  Http2Session& session = of(of_session);
  session.stream_closed(id);
  return 0;
}

// ---- what goes out ----------------------------------------------------------------------------------------------

int Http2Session::Callbacks::send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_head,
                                       std::size_t count, nghttp2_data_source* source, void* session) {
  constexpr std::size_t kFrameHead = 9;
  return of(session).send_data(*static_cast<Http2Stream*>(source->ptr), text(frame_head, kFrameHead), count);
}

// RFC 9113 8.1: behind a whole answer the rest of the request is of no interest, and the client may be told so.
int Http2Session::Callbacks::on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* of_session) {
  Http2Session& session = of(of_session);
  if (frame->hd.type == NGHTTP2_RST_STREAM) {
    if (frame->rst_stream.error_code == NGHTTP2_REFUSED_STREAM) session.spend(Act::refused_stream);
    if (is_for_violation(frame->rst_stream.error_code) && !session.takes_as_late(frame->rst_stream.error_code))
      session.spend(Act::violation);
    return 0;
  }
  const bool is_message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (!is_message) return 0;
  Http2Stream* const stream = session.find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  if (frame->hd.type == NGHTTP2_HEADERS) stream->on_head_sent();
  if (!ends_stream(*frame)) return 0;
  stream->on_answer_sent();
  if (!stream->is_input_over()) session.submit_reset(*stream, NGHTTP2_NO_ERROR);
  return 0;
}

// A head of more bytes than nghttp2 sends.
int Http2Session::Callbacks::on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* of_session) {
  Http2Session& session = of(of_session);
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  if (Http2Stream* const stream = session.find(frame->hd.stream_id))
    session.submit_reset(*stream, NGHTTP2_INTERNAL_ERROR);
  return 0;
}

}  // namespace lp
