#pragma once
#include <nghttp2/nghttp2.h>

#include <memory>

#include "proxy/http2/session.h"

namespace lp {

// What nghttp2 calls, for one session. Inside these nothing may be received, sent or deleted.
struct Http2Session::Callbacks {
  [[nodiscard]] static std::unique_ptr<nghttp2_session, SessionDeleter> make_session(Http2Session& session);

 private:
  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* session);
  static int on_unknown_frame(nghttp2_session*, void**, const nghttp2_frame_hd*, void* session);
  static int on_unknown_bytes(nghttp2_session*, const nghttp2_frame_hd*, const std::uint8_t*, std::size_t, void*);
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* session);
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_bytes,
                       const std::uint8_t* value, std::size_t value_bytes, std::uint8_t flags, void* session);
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
                               const std::uint8_t*, std::size_t, std::uint8_t, void*);
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* session);
  static int on_data(nghttp2_session*, std::uint8_t flags, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t count, void* session);
  static int on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* session);
  static int on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int error, void* session);
  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* session);
  static int send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* frame_head, std::size_t count,
                       nghttp2_data_source* source, void* session);

  static void on_fields(Http2Session& session, const nghttp2_frame& frame);
  static void on_other_frame(Http2Session& session, const nghttp2_frame& frame);
  static const nghttp2_session_callbacks* table();
  static const nghttp2_option* options();
};

}  // namespace lp
