#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "proxy/http/websocket_frames.h"

namespace {

lp::FrameTracker fed_in_steps(std::string_view bytes, std::size_t step) {
  lp::FrameTracker tracker;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) tracker.feed(bytes.substr(0, step));
  return tracker;
}

}  // namespace

// How the bytes are cut must not matter; a close frame put at a boundary leaves it at one, closed; unknown is for good.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  lp::FrameTracker whole = fed_in_steps(bytes, size + 1);
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{7}}) {
    LP_CHECK(fed_in_steps(bytes, step) == whole, "pieces change the frames");
  }
  LP_CHECK(!(whole.is_unknown() && whole.at_frame_boundary()), "unknown is no boundary");
  const bool was_boundary = whole.at_frame_boundary();
  const bool was_unknown = whole.is_unknown();
  whole.feed(lp::close_frame(lp::kSessionEnded.code, lp::kSessionEnded.reason));
  LP_CHECK(!was_boundary || (whole.at_frame_boundary() && whole.has_closed()), "a close frame at a boundary closes");
  LP_CHECK(!was_unknown || whole.is_unknown(), "unknown is for good");
  return 0;
}
