#include "proxy/http/websocket_frames.h"

#include <algorithm>

#include "base/check.h"

namespace lp {

namespace {
constexpr std::uint8_t kTwoByteLength = 126;
constexpr std::uint8_t kEightByteLength = 127;
constexpr std::uint8_t kMaskBytes = 4;
constexpr unsigned char kClose = 0x8;
constexpr std::size_t kMaxReasonBytes = 123;  // a control frame holds 125, two of them are the code
}  // namespace

void FrameTracker::feed(std::string_view bytes) {
  while (!bytes.empty() && state_ != State::unknown) {
    if (state_ == State::header) {
      take_header_byte(static_cast<unsigned char>(bytes.front()));
      bytes.remove_prefix(1);
      continue;
    }
    const auto skipped = std::min<std::uint64_t>(bytes.size(), payload_left_);
    payload_left_ -= skipped;
    bytes.remove_prefix(static_cast<std::size_t>(skipped));
    if (payload_left_ == 0) frame_complete();
  }
}

std::size_t FrameTracker::wanted_header_bytes() const {
  const std::size_t length_bytes = length_code_ == kEightByteLength ? 8 : length_code_ == kTwoByteLength ? 2 : 0;
  return 2 + length_bytes + (is_masked_ ? kMaskBytes : 0);
}

void FrameTracker::take_header_byte(unsigned char byte) {
  const std::uint8_t position = header_bytes_++;
  if (position == 0) {
    is_close_frame_ = (byte & 0x0f) == kClose;
    payload_left_ = 0;
    return;
  }
  if (position == 1) {
    is_masked_ = (byte & 0x80) != 0;
    length_code_ = byte & 0x7f;
    if (length_code_ < kTwoByteLength) payload_left_ = length_code_;
  } else if (position < wanted_header_bytes() - (is_masked_ ? kMaskBytes : 0)) {
    payload_left_ = payload_left_ << 8 | byte;
  }
  if (header_bytes_ == wanted_header_bytes()) header_complete();
}

// 5.2: the least number of bytes must hold the length, and its top bit is 0. Who breaks that is no WebSocket peer that
// could be told anything.
void FrameTracker::header_complete() {
  const bool is_short_16 = length_code_ == kTwoByteLength && payload_left_ < kTwoByteLength;
  const bool is_short_64 = length_code_ == kEightByteLength && payload_left_ <= 0xffff;
  if (is_short_16 || is_short_64 || payload_left_ >> 63 != 0) {
    state_ = State::unknown;
    return;
  }
  header_bytes_ = 0;
  state_ = State::payload;
  if (payload_left_ == 0) frame_complete();
}

void FrameTracker::frame_complete() {
  state_ = State::header;
  if (is_close_frame_) has_closed_ = true;
}

std::string close_frame(std::uint16_t code, std::string_view reason, const std::optional<std::array<char, 4>>& mask) {
  LP_CHECK(reason.size() <= kMaxReasonBytes, "a close reason fits its frame");
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  payload.append(reason);
  std::string frame{static_cast<char>(0x80 | kClose), static_cast<char>(payload.size() | (mask ? 0x80 : 0))};
  if (mask) {
    frame.append(mask->data(), mask->size());
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ (*mask)[i % 4]);
  }
  return frame.append(payload);
}

}  // namespace lp
