#include "proxy/http2/field_block.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace lp {

void FieldBlockWatch::saw(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t step = left_ > 0 ? std::min(left_, bytes.size()) : 1;
    if (left_ > 0)
      skip(step);
    else
      head_[head_bytes_++] = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(step);
    if (head_bytes_ == kFrameHeadBytes) begin_frame();
  }
}

void FieldBlockWatch::begin_frame() {
  head_bytes_ = 0;
  left_ = static_cast<std::size_t>(head_[0]) << 16U | static_cast<std::size_t>(head_[1]) << 8U | head_[2];
  const bool begins = head_[3] == NGHTTP2_HEADERS;
  if (begins) begin_block();
  is_open_ = begins || (is_open_ && head_[3] == NGHTTP2_CONTINUATION);
  is_last_frame_ = (head_[4] & NGHTTP2_FLAG_END_HEADERS) != 0;
  skip(0);
}

void FieldBlockWatch::begin_block() {
  ++number_;
  bytes_ = 0;
  stream_ = (head_[5] & 0x7f) << 24 | head_[6] << 16 | head_[7] << 8 | head_[8];
}

void FieldBlockWatch::skip(std::size_t bytes) {
  left_ -= bytes;
  if (!is_open_) return;
  bytes_ += bytes;
  is_open_ = left_ > 0 || !is_last_frame_;
}

}  // namespace lp
