#include "proxy/http/websocket_frames.h"

#include <doctest/doctest.h>

using namespace lp;

namespace {

std::string bytes(std::initializer_list<int> list) {
  std::string made;
  for (const int one : list) made.push_back(static_cast<char>(one));
  return made;
}
const std::string kMask = "\x11\x22\x33\x44";

FrameTracker after(const std::string& text) {
  FrameTracker tracker;
  tracker.feed(text);
  return tracker;
}

}  // namespace

TEST_CASE("where frames end") {
  const struct {
    std::string says;
    std::string text;
    bool boundary, closed, unknown;
  } cases[] = {
      {"nothing yet", "", true, false, false},
      {"one byte of a header", bytes({0x81}), false, false, false},
      {"a header whose payload is missing", bytes({0x81, 5}), false, false, false},
      {"a payload with its last byte missing", bytes({0x81, 5}) + "hell", false, false, false},
      {"a text frame", bytes({0x81, 5}) + "hello", true, false, false},
      {"a text frame and the start of another", bytes({0x81, 5}) + "hello" + bytes({0x01}), false, false, false},
      {"an empty frame", bytes({0x81, 0}), true, false, false},
      {"a masked frame", bytes({0x81, 0x85}) + kMask + "hello", true, false, false},
      {"a mask that has not all come", bytes({0x81, 0x85}) + "\x11\x22\x33", false, false, false},
      {"an empty masked frame", bytes({0x89, 0x80}) + kMask, true, false, false},
      {"an empty masked frame without its mask", bytes({0x89, 0x80}), false, false, false},
      {"a length in two bytes", bytes({0x82, 126, 0, 126}) + std::string(126, 'x'), true, false, false},
      {"the longest length in two bytes", bytes({0x82, 126, 0xff, 0xff}) + std::string(65535, 'x'), true, false, false},
      {"two bytes where one is enough", bytes({0x82, 126, 0, 125}) + std::string(125, 'x'), false, false, true},
      {"a length in eight bytes", bytes({0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}) + std::string(65536, 'x'), true, false,
       false},
      {"a masked length in eight bytes", bytes({0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0}) + kMask + std::string(65536, 'x'),
       true, false, false},
      {"eight bytes where two are enough", bytes({0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff}), false, false, true},
      {"a length of 2^63", bytes({0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}), false, false, true},
      {"a length just below 2^63", bytes({0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) + "x", false,
       false, false},
      {"a close frame", bytes({0x88, 2, 0x03, 0xe8}), true, true, false},
      {"a close frame without a code", bytes({0x88, 0}), true, true, false},
      {"a close frame that has not all come", bytes({0x88, 2, 0x03}), false, false, false},
      {"a ping between fragments", bytes({0x01, 1}) + "a" + bytes({0x89, 0}) + bytes({0x80, 1}) + "b", true, false,
       false},
      {"unknown for good", bytes({0x82, 126, 0, 1}) + "x" + bytes({0x81, 0}), false, false, true},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    const FrameTracker whole = after(c.text);
    CHECK(whole.at_frame_boundary() == c.boundary);
    CHECK(whole.has_closed() == c.closed);
    CHECK(whole.is_unknown() == c.unknown);
    FrameTracker byte_by_byte;
    for (const char one : c.text) byte_by_byte.feed({&one, 1});
    CHECK(byte_by_byte == whole);
  }
}

TEST_CASE("close frames as RFC 6455 writes them") {
  CHECK(close_frame(4401, "session ended") == bytes({0x88, 15, 0x11, 0x31}) + "session ended");
  CHECK(close_frame(1000, "") == bytes({0x88, 2, 0x03, 0xe8}));
  const std::string masked = close_frame(4401, "ab", std::array<char, 4>{1, 2, 4, 8});
  CHECK(masked == bytes({0x88, 0x84, 1, 2, 4, 8, 0x11 ^ 1, 0x31 ^ 2, 'a' ^ 4, 'b' ^ 8}));
  for (const std::string& frame : {masked, close_frame(4401, std::string(123, 'r'))}) {
    CHECK(after(frame).at_frame_boundary());
    CHECK(after(frame).has_closed());
  }
}
